//! Statements as parts of the caller's own transaction of sea-orm, and transactions done again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use exactly_rows::sea_orm::{AtomicEntity, AtomicModel, AtomicSelect, retry_transaction};
use exactly_rows::{CreateOrPlus, Exec, Fault, PayAll, Table, Trouble};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, QuerySelect, Set, TransactionTrait};

use crate::shop::{CONNECTIONS, POTION, SWORD, Shop, owns, user, user_item};

pub(crate) async fn of_the_caller(shop: Shop) {
    every_statement(&shop).await;
    half_of_many_rows_does_not_stay(&shop).await;
    faults_are_told_apart(&shop).await;
    done_again(&shop).await;
    cancelled(&shop).await;
}

/// One commit for all of them, and one rollback.
async fn every_statement(shop: &Shop) {
    for commits in [false, true] {
        user::Entity::delete_many().exec(&shop.db).await.unwrap();
        user_item::Entity::delete_many().exec(&shop.db).await.unwrap();
        let ann = shop.new_user(1).await;
        shop.own(&[(1, SWORD, 9)]).await;
        let tx = shop.db.begin().await.unwrap();
        let loot = [owns(1, SWORD, 1), owns(1, POTION, 5)];
        let more = user_item::Entity::create_or_plus(loot, [user_item::Column::Quantity]);
        let key = [user_item::Column::UserId, user_item::Column::ItemId];
        more.on_conflict(key).exec(&tx).await.unwrap();
        let pay = |amounts| {
            let mine = user_item::Entity::find().filter(user_item::Column::UserId.eq(1));
            let (by, from) = (user_item::Column::ItemId, [user_item::Column::Quantity]);
            mine.atomically().pay_all(amounts, by, from)
        };
        assert!(pay([(SWORD, 10), (POTION, 2)]).exec(&tx).await.unwrap().is_all());
        // A refusal spoils nothing.
        assert!(!pay([(SWORD, 1), (POTION, 1)]).exec(&tx).await.unwrap().is_all());
        let take = ann.atomically().decrement_unsigned_counters([(user::Column::Money, 40)]);
        assert!(take.exec(&tx).await.unwrap().is_done());
        let change = ann.atomically().update(user::Column::Money, 70, 60);
        assert!(change.exec(&tx).await.unwrap().is_changed());
        let change = ann.atomically().update(user::Column::Money, 80, 60);
        assert!(!change.exec(&tx).await.unwrap().is_changed());
        let rich = user::Entity::find().filter(user::Column::Money.eq(70)).limit(5).atomically();
        let named = user::ActiveModel { name: Set("eve".into()), ..Default::default() };
        let done = rich.clone().update_all(1, named.clone()).exec(&tx).await.unwrap();
        assert!(done.is_done());
        let ids = rich.update_all_and_get_ids(named).returning([user::Column::Name]);
        assert_eq!(ids.exec(&tx).await.unwrap().len(), 1);
        match commits {
            true => tx.commit().await.unwrap(),
            false => tx.rollback().await.unwrap(),
        }
        let now = shop.user(1).await;
        let expected = if commits { ("eve", 70) } else { ("ann", 100) };
        assert_eq!((now.name.as_str(), now.money), expected);
        let owned = if commits { vec![(SWORD, 0), (POTION, 3)] } else { vec![(SWORD, 9)] };
        assert_eq!(shop.owned(1).await, owned);
    }
}

/// Many rows are several statements: in a transaction that goes on none of them stays if one fails.
async fn half_of_many_rows_does_not_stay(shop: &Shop) {
    user_item::Entity::delete_many().exec(&shop.db).await.unwrap();
    let many = CreateOrPlus::of(&exactly_rows::sea_orm::table::<user_item::Entity>())
        .columns(["user_id", "item_id", "quantity"])
        .plus(["quantity"])
        .on_conflict(["user_id", "item_id"])
        .rows_from(|| (0..2_500_i64).map(|at| (at, SWORD, if at < 2_400 { 1 } else { -1 })));
    let tx = shop.db.begin().await.unwrap();
    user_item::Entity::insert(owns(1, SWORD, 9)).exec(&tx).await.unwrap();
    assert!(many.exec(&tx).await.unwrap_err().is_misuse());
    tx.commit().await.unwrap();
    assert_eq!(user_item::Entity::find().count(&shop.db).await.unwrap(), 1);
}

async fn faults_are_told_apart(shop: &Shop) {
    let tx = shop.db.begin().await.unwrap();
    let wrong = PayAll::of(&Table::new("user_items")).take([(1, 1)]).from(["gold"]);
    let told = wrong.exec(&tx).await.unwrap_err();
    assert!(told.is_misuse() && told.trouble() == Trouble::Statement, "{told}");
    tx.rollback().await.unwrap();
    let own = shop.db.execute_unprepared("INSERT INTO items (id, name) VALUES (1, 'again')").await;
    let own = Fault::from(own.unwrap_err());
    assert!(matches!(own.trouble(), Trouble::Constraint(_)) && own.is_not_applied(), "{own}");
    assert!(std::error::Error::source(&own).is_some());
    let nowhere = PayAll::of(&Table::new("t")).take([(1, 1)]).from(["n"]);
    let told = nowhere.exec(&sea_orm::DatabaseConnection::default()).await.unwrap_err();
    assert!(told.is_misuse() && told.to_string().contains("connect by sqlx"), "{told}");
}

/// Two who lock the same rows the other way round: the database ends one of them each time, and
/// nobody is told.
async fn done_again(shop: &Shop) {
    user_item::Entity::delete_many().exec(&shop.db).await.unwrap();
    shop.own(&[(1, SWORD, 0), (1, POTION, 0)]).await;
    let attempts = AtomicU32::new(0);
    let both = async |first: i64, second: i64| {
        for _ in 0..20 {
            let told = retry_transaction(&shop.db, async |tx| {
                attempts.fetch_add(1, Ordering::Relaxed);
                for item in [first, second] {
                    let more = [owns(1, item, 1)];
                    let more =
                        user_item::Entity::create_or_plus(more, [user_item::Column::Quantity]);
                    let key = [user_item::Column::UserId, user_item::Column::ItemId];
                    more.on_conflict(key).exec(&tx).await?;
                }
                Ok::<_, Fault>(())
            });
            told.await.unwrap();
        }
    };
    tokio::join!(both(SWORD, POTION), both(POTION, SWORD));
    assert!(attempts.load(Ordering::Relaxed) >= 40);
    assert_eq!(shop.owned(1).await, [(SWORD, 40), (POTION, 40)]);
}

/// Who gives up in the middle leaves no transaction open, and no connection that nobody can use.
async fn cancelled(shop: &Shop) {
    user_item::Entity::delete_many().exec(&shop.db).await.unwrap();
    shop.own(&[(1, SWORD, 100_000), (1, POTION, 100_000)]).await;
    // A text that was not prepared before: MySQL is lost in the middle of preparing.
    let pay = |round: i32| {
        let mine = user_item::Entity::find().filter(Expr::cust(format!("{round} = {round}")));
        let (by, from) = (user_item::Column::ItemId, [user_item::Column::Quantity]);
        mine.atomically().pay_all([(SWORD, 1), (POTION, 1)], by, from)
    };
    for round in 0..200 {
        let patience = Duration::from_micros(fastrand::u64(0..2_500));
        let own = retry_transaction(&shop.db, async |tx| pay(round).exec(&tx).await.map(drop));
        match round % 2 {
            0 => drop(tokio::time::timeout(patience, pay(round).exec(&shop.db)).await),
            _ => drop(tokio::time::timeout(patience, own).await),
        }
    }
    let mut all = Vec::new();
    for _ in 0..CONNECTIONS {
        all.push(shop.db.begin().await.unwrap());
    }
    // What they left locked would be waited for here.
    for tx in all {
        tx.execute_unprepared("SELECT 1").await.unwrap();
        tx.rollback().await.unwrap();
    }
    let held = shop.owned(1).await;
    assert_eq!(held[0].1, held[1].1, "one of two was paid");
    assert!(pay(0).exec(&shop.db).await.unwrap().is_all());
}
