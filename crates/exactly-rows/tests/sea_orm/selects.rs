//! Selects as scopes: filters, joins, limits and orders, keys of several columns.

use exactly_rows::sea_orm::{AtomicEntity, AtomicSelect, table};
use exactly_rows::{Dialect, Exec, Paid, Table, Updated, render};
use sea_orm::entity::prelude::*;
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, IntoActiveModel, JoinType, QueryOrder, QuerySelect, Set,
    Statement, TransactionTrait,
};

use crate::shop::user::Mood;
use crate::shop::{POTION, SWORD, Shop, item, owns, seat, user, user_item};

pub(crate) async fn are_scopes(shop: Shop) {
    orders_of_the_entity();
    filters(&shop).await;
    joins(&shop).await;
    limits(&shop).await;
    keys_of_several_columns(&shop).await;
    rows_with_null(&shop).await;
    judged_again_when_it_is_locked(&shop).await;
}

/// By the unique key that the entity declares, and by its primary key where it declares none.
fn orders_of_the_entity() {
    let items = Table::new("user_items").order(["user_id", "item_id"]);
    assert_eq!(table::<user_item::Entity>(), items);
    assert_eq!(table::<seat::Entity>(), Table::new("seats").key(["hall", "no"]));
    let plain = user_item::Entity::find().filter(user_item::Column::UserId.eq(1)).atomically();
    let pay = plain.pay_all([(1, 1)], user_item::Column::ItemId, [user_item::Column::Quantity]);
    let shown = render(&pay, Dialect::Postgres).unwrap();
    let text = &shown.statements()[0].text;
    // One statement, and no sub-select for what is said of the row itself.
    assert_eq!(shown.round_trips(), 1);
    assert!(text.contains(r#" AND ("user_items"."user_id" = $3::bigint) ORDER BY "#), "{text}");
    assert!(text.contains(r#"ORDER BY "user_items"."user_id", "user_items"."item_id""#), "{text}");

    let (by, from) = (user_item::Column::Id, [user_item::Column::Quantity]);
    let other = Table::new("user_items").order(["item_id"]);
    let many = user_item::Entity::find().filter(user_item::Column::Id.is_in(0..5_000));
    let pay = many.atomically().locked_by(&other).pay_all([(1, 1)], by, from);
    let text = render(&pay, Dialect::Postgres).unwrap().statements()[0].text.clone();
    assert!(text.contains(r#"ORDER BY "user_items"."item_id""#));
    let more = user_item::Entity::find().filter(user_item::Column::Id.is_in(0..20_000));
    let told = render(&more.atomically().pay_all([(1, 1)], by, from), Dialect::Postgres);
    let told = told.unwrap_err().to_string();
    assert!(told.contains("20000 values, at most 65536 bytes") && told.len() < 200, "{told}");
}

fn named(name: &str) -> user::ActiveModel {
    user::ActiveModel { name: Set(name.to_owned()), ..Default::default() }
}

async fn filters(shop: &Shop) {
    for id in 1..=4 {
        shop.new_user(id).await;
    }
    let some = Condition::any().add(user::Column::Id.eq(1)).add(user::Column::Name.like("b%"));
    let calm = user::Entity::find().filter(some).filter(user::Column::Mood.eq(Mood::Calm));
    let calm = calm.filter(user::Column::ArenaId.is_null()).order_by_desc(user::Column::Id);
    let one = calm.atomically().update_all(1, named("bob")).exec(&shop.db).await.unwrap();
    assert_eq!(one, Updated::Exactly(1));
    let all = user::Entity::atomically().update_all(5, named("all")).exec(&shop.db).await.unwrap();
    assert_eq!(all, Updated::Refused { matched: 4 });
    let none = user::Entity::find().filter(user::Column::Id.is_in([0; 0])).atomically();
    let none = none.update_all(0, named("none")).exec(&shop.db).await.unwrap();
    assert_eq!(none, Updated::Exactly(0));
    let texts = user::Entity::find().filter(user::Column::Name.eq("'; DROP TABLE users; --"));
    let ids = texts.atomically().update_all_and_get_ids(named("x")).exec(&shop.db).await.unwrap();
    assert!(ids.is_empty());
    let wrong = user::Entity::find().filter(Expr::cust("1 = 1; DROP TABLE users")).atomically();
    assert!(wrong.update_all(1, named("x")).exec(&shop.db).await.unwrap_err().is_misuse());
    assert_eq!(shop.user(1).await.name, "bob");
}

async fn joins(shop: &Shop) {
    shop.own(&[(1, SWORD, 5), (1, POTION, 5), (2, SWORD, 5)]).await;
    let swords = user_item::Entity::find()
        .join(JoinType::InnerJoin, user_item::Relation::Item.def())
        .filter(item::Column::Name.eq("sword"))
        .filter(user_item::Column::Quantity.gte(5));
    let noted = user_item::ActiveModel { note: Set(Some("mine".to_owned())), ..Default::default() };
    let ids = swords.clone().atomically().update_all_and_get_ids(noted).exec(&shop.db).await;
    assert_eq!(ids.unwrap().len(), 2);
    let pay = swords.filter(user_item::Column::UserId.eq(1)).atomically().pay_all(
        [(SWORD, 5)],
        user_item::Column::ItemId,
        [user_item::Column::Quantity],
    );
    assert!(pay.clone().exec(&shop.db).await.unwrap().is_all());
    // It has left the scope: a scope is judged at the time of the statement.
    assert!(matches!(pay.exec(&shop.db).await.unwrap(), Paid::Short { .. }));
    assert_eq!(shop.owned(1).await, [(SWORD, 0), (POTION, 5)]);
    assert_eq!(shop.owned(2).await, [(SWORD, 5)]);
    // With several of its own kind joined, a row is still one row.
    let left = user_item::Entity::find()
        .join(JoinType::LeftJoin, user_item::Relation::Item.def())
        .filter(user_item::Column::UserId.eq(1));
    let noted = user_item::ActiveModel { note: Set(None), ..Default::default() };
    let done = left.atomically().update_all(2, noted).exec(&shop.db).await.unwrap();
    assert_eq!(done, Updated::Exactly(2));
}

/// The first two in the order of the select.
async fn limits(shop: &Shop) {
    let last = user::Entity::find().order_by_desc(user::Column::Id).limit(2);
    let claimed = last.clone().filter(user::Column::ArenaId.is_null()).atomically();
    let arena = user::ActiveModel { arena_id: Set(Some(1)), ..Default::default() };
    let claim = claimed.update_all_and_get_ids(arena.clone()).returning([user::Column::Name]);
    let ids = claim.clone().exec(&shop.db).await.unwrap();
    assert_eq!(ids.to_vec::<i64>().unwrap(), [3, 4]);
    assert_eq!(ids.rows()[0].1.get::<String>("name").unwrap(), "ann");
    let ids = claim.clone().skip_locked().exec(&shop.db).await.unwrap();
    assert_eq!(ids.to_vec::<i64>().unwrap(), [1, 2]);
    assert!(claim.exec(&shop.db).await.unwrap().is_empty());
    let third = last.offset(3).atomically().update_all(1, arena).exec(&shop.db).await.unwrap();
    assert_eq!(third, Updated::Exactly(1));
}

async fn keys_of_several_columns(shop: &Shop) {
    let hall = Uuid::from_u128(1);
    for no in 1..=3 {
        let seat = seat::Model { hall, no, taken_by: None, price: Decimal::new(100, 1) };
        let row = seat.into_active_model().reset_all();
        seat::Entity::insert(row).exec(&shop.db).await.unwrap();
    }
    let free = seat::Entity::find().filter(seat::Column::Hall.eq(hall)).limit(2);
    let free = free.order_by_asc(seat::Column::No).filter(seat::Column::TakenBy.is_null());
    let take = seat::ActiveModel { taken_by: Set(Some(7)), ..Default::default() };
    let taken = free.atomically().update_all(2, take).exec(&shop.db).await.unwrap();
    assert_eq!(taken, Updated::Exactly(2));
    let pay = seat::Entity::atomically().pay_all(
        [((hall, 1), 4), ((hall, 2), 10)],
        (seat::Column::Hall, seat::Column::No),
        [seat::Column::Price],
    );
    assert!(pay.clone().exec(&shop.db).await.unwrap().is_all());
    assert!(!pay.exec(&shop.db).await.unwrap().is_all());
    let prices = seat::Entity::find().order_by_asc(seat::Column::No).all(&shop.db).await.unwrap();
    let prices: Vec<_> = prices.into_iter().map(|seat| seat.price.normalize()).collect();
    assert_eq!(prices, [6, 0, 10].map(Decimal::from));
}

/// Rows that lack a value, alone and where arrays are sent by way of sea-orm; and rows that lack a
/// column, which are refused.
async fn rows_with_null(shop: &Shop) {
    let noted = |item, note: Option<&str>| user_item::ActiveModel {
        note: Set(note.map(str::to_owned)),
        ..owns(8, item, 1)
    };
    let both = [noted(SWORD, Some("a \"b\", \\c")), noted(POTION, None)];
    let key = [user_item::Column::UserId, user_item::Column::ItemId];
    let more = user_item::Entity::create_or_plus(both, [user_item::Column::Quantity]);
    let more = more.on_conflict(key);
    more.clone().exec(&shop.db).await.unwrap();
    // On every connection of the pool, prepared as both libraries prepare it.
    let tx = shop.db.begin().await.unwrap();
    more.clone().exec(&tx).await.unwrap();
    tx.commit().await.unwrap();
    more.exec(&shop.db).await.unwrap();
    assert_eq!(shop.owned(8).await, [(SWORD, 3), (POTION, 3)]);
    let note = user_item::Entity::find().filter(user_item::Column::Note.eq("a \"b\", \\c"));
    assert_eq!(note.all(&shop.db).await.unwrap().len(), 1);

    let ragged = [owns(8, SWORD, 1), noted(POTION, None)];
    let ragged = user_item::Entity::create_or_plus(ragged, [user_item::Column::Quantity]);
    let told = ragged.on_conflict(key).exec(&shop.db).await.unwrap_err().to_string();
    assert!(told.contains("row 2 sets `note`, which row 1 does not"), "{told}");
    let nothing: [user_item::ActiveModel; 0] = [];
    let nothing = user_item::Entity::create_or_plus(nothing, [user_item::Column::Quantity]);
    assert_eq!(nothing.exec(&shop.db).await.unwrap().rows, 0);
}

/// A rival takes the row while we wait for it: we see it as it is then, also by way of a join or a
/// limit, which are sub-selects.
async fn judged_again_when_it_is_locked(shop: &Shop) {
    if shop.db.get_database_backend() == DbBackend::Sqlite {
        // It does not begin before the rival ends.
        return;
    }
    shop.own(&[(9, SWORD, 1)]).await;
    let free = user_item::Entity::find()
        .filter(user_item::Column::UserId.eq(9))
        .filter(user_item::Column::Note.is_null());
    let joined = free.clone().join(JoinType::InnerJoin, user_item::Relation::Item.def());
    for claim in [free.clone(), joined, free.limit(1)] {
        let take = |who: &str| user_item::ActiveModel {
            note: Set(Some(who.to_owned())),
            ..Default::default()
        };
        let claim = claim.atomically();
        let rival = shop.db.begin().await.unwrap();
        let first = claim.clone().update_all_and_get_ids(take("rival")).exec(&rival).await;
        assert_eq!(first.unwrap().len(), 1);
        let second = claim.clone().update_all_and_get_ids(take("us"));
        let db = shop.db.clone();
        let second = tokio::spawn(async move { second.exec(&db).await });
        waits(shop).await;
        rival.commit().await.unwrap();
        assert!(second.await.unwrap().unwrap().is_empty(), "one row for two: {claim:?}");
        let all = user_item::Entity::atomically();
        let free = user_item::ActiveModel { note: Set(None), ..Default::default() };
        all.update_all_and_get_ids(free).exec(&shop.db).await.unwrap();
    }
}

async fn waits(shop: &Shop) {
    let backend = shop.db.get_database_backend();
    let asked = match backend == DbBackend::Postgres {
        true => "SELECT '', count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        false => "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'",
    };
    let asked = || Statement::from_string(backend, asked);
    let waiting = async || {
        let told = shop.db.query_one_raw(asked()).await.unwrap().unwrap();
        told.try_get_by_index::<String>(1).unwrap()
    };
    while waiting().await == "0" {
        tokio::task::yield_now().await;
    }
}
