//! The orders: what all codings get the same of.

/// So many items are in the wallet.
pub(super) const ITEMS: i64 = 5;
/// So many of each, at the beginning: soon few, so that who pays has to be judged.
pub(super) const STOCK: i64 = 20;

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// So many of each of these items, of all or none.
    Pay {
        /// Which, each once.
        items: Vec<i64>,
        /// How many of each.
        amount: i64,
    },
    /// More of an item.
    TopUp {
        /// Which.
        item: i64,
        /// How many.
        amount: i64,
    },
}

/// The same for the same seed. About as much comes in as could go out.
pub(super) fn orders(count: u32, seed: u64) -> Vec<Order> {
    let mut dice = fastrand::Rng::with_seed(seed);
    let order = |_| match dice.u8(..3) {
        0 => Order::TopUp { item: dice.i64(1..=ITEMS), amount: dice.i64(1..=6) },
        1.. => {
            let mut items: Vec<_> = (1..=ITEMS).collect();
            dice.shuffle(&mut items);
            items.truncate(dice.usize(2..=ITEMS as usize));
            Order::Pay { items, amount: dice.i64(1..=3) }
        }
    };
    (0..count).map(order).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_orders() {
        assert_eq!(orders(500, 30), orders(500, 30));
        assert_ne!(orders(500, 30), orders(500, 31));
        let payments = orders(3_000, 30).into_iter().filter_map(|order| match order {
            Order::Pay { items, amount } => Some((items, amount)),
            Order::TopUp { .. } => None,
        });
        let mut count = 0;
        for (mut items, amount) in payments {
            count += 1;
            items.sort_unstable();
            items.dedup();
            assert!((2..=5).contains(&items.len()) && (1..=3).contains(&amount));
        }
        assert!((1_800..2_200).contains(&count), "{count}");
    }
}
