//! The codings of the handler: four ways people write "pay with all of these, or with none".

use exactly_rows::{PayAll, column};

use super::database::{Attempt, Database};
use super::order::Order;
use crate::failure::Failure;

/// One way to write the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Read what is there, check it, write what is left.
    ReadCheckWrite,
    /// One statement that counts who can pay beside writing, as a well-known gem does.
    CountBeside,
    /// A transaction that locks the rows first, in order.
    LockByHand,
    /// exactly's.
    PayAll,
}

/// What the handler has told its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Done.
    Done,
    /// There is too little.
    Refused,
    /// So many rows have paid, and that are not all.
    InPart,
    /// The database ended it in favour of another.
    Ended,
}

impl Coding {
    /// Every coding, in the order of the story.
    pub(super) const ALL: [Self; 4] =
        [Self::ReadCheckWrite, Self::CountBeside, Self::LockByHand, Self::PayAll];

    /// The one name it has.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ReadCheckWrite => "read-check-write",
            Self::CountBeside => "count-beside",
            Self::LockByHand => "lock-by-hand",
            Self::PayAll => "pay-all",
        }
    }

    /// What its handler does, in a few words.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::ReadCheckWrite => "read what is there, check it, write what is left",
            Self::CountBeside => {
                "one UPDATE with a COUNT beside it, as the gem atomically writes it"
            }
            Self::LockByHand => "SELECT … FOR UPDATE in order, check, UPDATE, commit",
            Self::PayAll => "exactly: pay_all, of all or none, and told who is short",
        }
    }

    /// Whether it has to be exact.
    pub(super) fn ours(self) -> bool {
        match self {
            Self::ReadCheckWrite | Self::CountBeside | Self::LockByHand => false,
            Self::PayAll => true,
        }
    }

    /// Serves one order.
    pub(super) async fn serve(self, on: &Database, order: &Order) -> Result<Told, Failure> {
        match (self, order) {
            (Self::ReadCheckWrite, Order::Pay { items, amount }) => {
                read_check_write(on, items, -amount).await
            }
            (Self::ReadCheckWrite, Order::TopUp { item, amount }) => {
                read_check_write(on, &[*item], *amount).await
            }
            (Self::CountBeside, Order::Pay { items, amount }) => {
                count_beside(on, items, *amount).await
            }
            (Self::LockByHand, Order::Pay { items, amount }) => {
                lock_by_hand(on, items, *amount).await
            }
            (Self::PayAll, Order::Pay { items, amount }) => pay_all(on, items, *amount).await,
            (
                Self::CountBeside | Self::LockByHand | Self::PayAll,
                Order::TopUp { item, amount },
            ) => {
                let table = on.table();
                let text = format!(
                    "UPDATE {table} SET quantity = quantity + {amount} WHERE item_id = {item}"
                );
                Ok(told(on.write(&text).await?, 1))
            }
        }
    }
}

/// What a statement that writes so many rows, or none, has told.
fn told(written: Attempt<u64>, wanted: u64) -> Told {
    match written {
        Attempt::Done(rows) if rows == wanted => Told::Done,
        Attempt::Done(0) => Told::Refused,
        Attempt::Done(_) => Told::InPart,
        Attempt::Ended => Told::Ended,
    }
}

async fn read_check_write(on: &Database, items: &[i64], step: i64) -> Result<Told, Failure> {
    let held = match on.held(items).await? {
        Attempt::Done(held) => held,
        Attempt::Ended => return Ok(Told::Ended),
    };
    if held.iter().any(|(_, quantity)| quantity + step < 0) {
        return Ok(Told::Refused);
    }
    for (item, quantity) in held {
        let (table, quantity) = (on.table(), quantity + step);
        let text = format!("UPDATE {table} SET quantity = {quantity} WHERE item_id = {item}");
        if on.write(&text).await? == Attempt::Ended {
            return Ok(Told::Ended);
        }
    }
    Ok(Told::Done)
}

async fn count_beside(on: &Database, items: &[i64], amount: i64) -> Result<Told, Failure> {
    let (table, count) = (on.table(), items.len());
    let case = |item: &i64| format!("WHEN {item} THEN -{amount}");
    let cases = items.iter().map(case).collect::<Vec<_>>().join(" ");
    let can_pay = |item: &i64| format!("(item_id = {item} AND quantity >= {amount})");
    let wanted = items.iter().map(can_pay).collect::<Vec<_>>().join(" OR ");
    let text = format!(
        "UPDATE {table} SET quantity = quantity + (CASE item_id {cases} END) WHERE ({wanted}) AND \
         (SELECT COUNT(*) FROM (SELECT {table}.* FROM {table} WHERE {wanted}) subquery) = {count}"
    );
    Ok(told(on.write(&text).await?, count as u64))
}

async fn lock_by_hand(on: &Database, items: &[i64], amount: i64) -> Result<Told, Failure> {
    let paid = on.locked(items, amount).await?;
    Ok(match paid {
        Attempt::Done(true) => Told::Done,
        Attempt::Done(false) => Told::Refused,
        Attempt::Ended => Told::Ended,
    })
}

async fn pay_all(on: &Database, items: &[i64], amount: i64) -> Result<Told, Failure> {
    let pay = PayAll::of(&on.rows())
        .scope(column("player_id").eq(1))
        .by(["item_id"])
        .take(items.iter().map(|item| (*item, amount)))
        .from(["quantity"]);
    Ok(match on.exec(pay).await? {
        Attempt::Done(paid) if paid.is_all() => Told::Done,
        Attempt::Done(_) => Told::Refused,
        Attempt::Ended => Told::Ended,
    })
}
