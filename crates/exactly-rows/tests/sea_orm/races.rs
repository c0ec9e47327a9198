//! Sixteen who pay from rows that overlap, and fill them up: nothing is paid in part, nothing lost.

use exactly_rows::Exec;
use exactly_rows::sea_orm::{AtomicEntity, AtomicSelect};
use sea_orm::entity::prelude::*;
use tokio::task::JoinSet;

use crate::shop::{CONNECTIONS, Shop, owns, user_item};

const ITEMS: i64 = 5;
const ATTEMPTS: u32 = 60;

pub(crate) async fn none_is_paid_in_part(shop: Shop) {
    add(&shop, &[1, 2, 3, 4, 5], 5).await;
    let mut all = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let shop = shop.clone();
        all.spawn(async move {
            let mut sums = [0_i64; ITEMS as usize];
            for _ in 0..ATTEMPTS {
                let whom = fastrand::choose_multiple(1..=ITEMS, fastrand::usize(1..=4));
                let amount = fastrand::i64(1..=3);
                let fills = fastrand::u8(..4) == 0;
                let sign = match fills {
                    true => add(&shop, &whom, amount).await,
                    false => pay(&shop, &whom, amount).await,
                };
                for item in whom {
                    sums[item as usize - 1] += sign * amount;
                }
            }
            sums
        });
    }
    let mut expected = [5_i64; ITEMS as usize];
    for sums in all.join_all().await {
        (0..sums.len()).for_each(|at| expected[at] += sums[at]);
    }
    let held: Vec<_> = shop.owned(1).await.into_iter().map(|(_, quantity)| quantity).collect();
    assert_eq!(held, expected);
    assert!(held.iter().all(|quantity| *quantity >= 0), "{held:?}");
}

async fn add(shop: &Shop, whom: &[i64], amount: i64) -> i64 {
    let more = whom.iter().map(|item| owns(1, *item, amount));
    let more = user_item::Entity::create_or_plus(more, [user_item::Column::Quantity]);
    let key = [user_item::Column::UserId, user_item::Column::ItemId];
    more.on_conflict(key).exec(&shop.db).await.unwrap();
    1
}

async fn pay(shop: &Shop, whom: &[i64], amount: i64) -> i64 {
    let mine = user_item::Entity::find().filter(user_item::Column::UserId.eq(1)).atomically();
    let amounts = whom.iter().map(|item| (*item, amount));
    let pay = mine.pay_all(amounts, user_item::Column::ItemId, [user_item::Column::Quantity]);
    if pay.exec(&shop.db).await.unwrap().is_all() { -1 } else { 0 }
}
