//! The examples of the Ruby gem `atomically`, each with what came of it before and after.

use exactly_rows::sea_orm::{AtomicEntity, AtomicModel, AtomicSelect};
use exactly_rows::{Change, Decremented, Exec, Paid, Updated, Value, Why};
use sea_orm::entity::prelude::*;
use sea_orm::{Set, sea_query::ExprTrait};

use crate::shop::{POTION, SWORD, Shop, owns, user, user_item};

pub(crate) async fn examples(shop: Shop) {
    create_or_plus(&shop).await;
    pay_all(&shop).await;
    update_all(&shop).await;
    update_all_and_get_ids(&shop).await;
    update(&shop).await;
    decrement_unsigned_counters(&shop).await;
}

async fn create_or_plus(shop: &Shop) {
    shop.own(&[(2, SWORD, 4)]).await;
    let loot = [owns(2, SWORD, 3), owns(2, POTION, 2)];
    let more = user_item::Entity::create_or_plus(loot, [user_item::Column::Quantity]);
    let more = more.on_conflict([user_item::Column::UserId, user_item::Column::ItemId]);
    let added = more.exec(&shop.db).await.unwrap();
    assert_eq!((added.rows, added.inserted), (2, Some(1)));
    assert_eq!(shop.owned(2).await, [(SWORD, 7), (POTION, 2)]);
}

async fn pay_all(shop: &Shop) {
    shop.own(&[(1, SWORD, 8), (1, POTION, 3), (3, SWORD, 9)]).await;
    let mine = user_item::Entity::find().filter(user_item::Column::UserId.eq(1)).atomically();
    let pay = mine.pay_all(
        [(SWORD, 4), (POTION, 3)],
        user_item::Column::ItemId,
        [user_item::Column::Quantity],
    );
    let paid = pay.clone().exec(&shop.db).await.unwrap();
    let Paid::All { rows } = paid else { panic!("{paid:?}") };
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].left.get::<i64>("quantity").unwrap(), 4);
    assert_eq!(shop.owned(1).await, [(SWORD, 4), (POTION, 0)]);

    let paid = pay.exec(&shop.db).await.unwrap();
    let Paid::Short { rows } = paid else { panic!("{paid:?}") };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].by.get::<i64>().unwrap(), POTION);
    let lacking = Some(Value::I64(3));
    let short = Why::Short { column: "quantity".into(), held: Value::I64(0), lacking };
    assert_eq!(rows[0].why, short);
    assert_eq!(shop.owned(1).await, [(SWORD, 4), (POTION, 0)]);
    assert_eq!(shop.owned(3).await, [(SWORD, 9)]);
}

async fn update_all(shop: &Shop) {
    for id in [5, 6, 7, 8, 9] {
        shop.new_user(id).await;
    }
    let unnamed = user::ActiveModel { name: Set(String::new()), ..Default::default() };
    let two = user::Entity::find().filter(user::Column::Id.is_in([5, 6])).atomically();
    let done = two.update_all(2, unnamed.clone()).exec(&shop.db).await.unwrap();
    assert_eq!(done, Updated::Exactly(2));
    let three = user::Entity::find().filter(user::Column::Id.is_in([7, 8, 9])).atomically();
    let done = three.update_all(2, unnamed).exec(&shop.db).await.unwrap();
    assert_eq!(done, Updated::Refused { matched: 3 });
    let unnamed = user::Entity::find().filter(user::Column::Name.eq(""));
    assert_eq!(unnamed.count(&shop.db).await.unwrap(), 2);
}

async fn update_all_and_get_ids(shop: &Shop) {
    let named = user::Entity::find().filter(user::Column::Name.is_in(["moon", "ann"]));
    let ids = named
        .atomically()
        .update_all_and_get_ids(<user::ActiveModel as Default>::default())
        .col_expr(user::Column::Money, Expr::col(user::Column::Money).add(1))
        .exec(&shop.db)
        .await
        .unwrap();
    assert_eq!(ids.to_vec::<i64>().unwrap(), [7, 8, 9]);
    assert_eq!(shop.user(8).await.money, 101);
    assert_eq!(shop.user(5).await.money, 100);
}

/// The arena is closed once, however many ask: who comes second still believes that it is open.
async fn update(shop: &Shop) {
    let arena = shop.new_user(20).await;
    let now = DateTimeUtc::from_timestamp(1_709_210_096, 0).unwrap();
    let close = arena.atomically().change(user::Column::ClosedAt, Some(now));
    let done = close.clone().exec(&shop.db).await.unwrap();
    assert!(matches!(done, Change::Changed { .. }), "{done:?}");
    let again = close.exec(&shop.db).await.unwrap();
    assert!(matches!(again, Change::Unchanged { .. }), "{again:?}");
    let closed = shop.user(20).await;
    assert_eq!(closed.closed_at, Some(now));
    assert!(closed.updated_at > arena.updated_at);
}

async fn decrement_unsigned_counters(shop: &Shop) {
    let ann = shop.new_user(30).await;
    let ten = ann.atomically().decrement_unsigned_counters([(user::Column::Money, 10)]);
    let done = ten.exec(&shop.db).await.unwrap();
    let Decremented::Done { left: Some(left) } = done else { panic!("{done:?}") };
    assert_eq!(left.get::<i64>("money").unwrap(), 90);
    assert_eq!(shop.user(30).await.money, 90);

    let much = ann.atomically();
    let much =
        much.decrement_unsigned_counters([(user::Column::Money, 999), (user::Column::Ap, 1)]);
    let done = much.exec(&shop.db).await.unwrap();
    let Decremented::Short { columns } = done else { panic!("{done:?}") };
    assert_eq!(columns[0].lacking, Some(Value::I64(909)));
    let left = shop.user(30).await;
    assert_eq!((left.money, left.ap), (90, 3));
    // Unlike a change, it touches no time by itself.
    assert_eq!(left.updated_at, ann.updated_at);
    let touching = ann.atomically().decrement_unsigned_counters([(user::Column::Ap, 1)]);
    let done = touching.touch(user::Column::UpdatedAt).briefly().exec(&shop.db).await.unwrap();
    assert!(done.is_done());
    assert!(shop.user(30).await.updated_at > ann.updated_at);
}
