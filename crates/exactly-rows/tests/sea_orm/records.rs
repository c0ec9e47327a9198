//! `update` on records: what is expected, what is pending, what is NULL, and what is touched.

use exactly_rows::sea_orm::{AtomicActiveModel, AtomicModel};
use exactly_rows::{Change, Exec};
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, Set};

use crate::shop::user::{Column, Mood};
use crate::shop::{Shop, long_ago, seat, user};

pub(crate) async fn mean_what_they_say(shop: Shop) {
    given_and_own_values(&shop).await;
    values_of_every_type(&shop).await;
    pending_changes(&shop).await;
    touched_or_not(&shop).await;
    missing_and_unknown(&shop).await;
    keys_of_two_columns(&shop).await;
}

async fn given_and_own_values(shop: &Shop) {
    let ann = shop.new_user(1).await;
    let enter = |from: Option<i32>| ann.atomically().update(Column::ArenaId, Some(3), from);
    assert!(!enter(Some(4)).exec(&shop.db).await.unwrap().is_changed());
    // `None` expects NULL: it is not left out.
    assert!(enter(None).exec(&shop.db).await.unwrap().is_changed());
    let told = enter(None).exec(&shop.db).await.unwrap();
    let Change::Unchanged { found: Some(found) } = told else { panic!("{told:?}") };
    assert_eq!(found.get::<i32>("arena_id").unwrap(), 3);
    // The model still believes that it is NULL.
    let own = ann.atomically().change(Column::ArenaId, Some(5)).exec(&shop.db).await.unwrap();
    assert!(!own.is_changed());
    let now = shop.user(1).await;
    let leave = now.atomically().change(Column::ArenaId, None::<i32>).change(Column::Money, 7);
    assert!(leave.clone().exec(&shop.db).await.unwrap().is_changed());
    assert!(!leave.briefly().exec(&shop.db).await.unwrap().is_changed());
    let now = shop.user(1).await;
    assert_eq!((now.arena_id, now.money), (None, 7));
    // The same value is expected, and written.
    let same = now.atomically().update(Column::Money, 7, 8).exec(&shop.db).await.unwrap();
    assert!(!same.is_changed());
    let told =
        now.atomically().update(Column::Money, 9, 7).returning([Column::Name, Column::Money]);
    let Change::Changed { row } = told.exec(&shop.db).await.unwrap() else { panic!("unchanged") };
    assert_eq!(row.get::<String>("name").unwrap(), "ann");
    assert_eq!(row.get::<i64>("money").unwrap(), 9);
}

/// Texts letter by letter, times and types of one's own as sea-orm writes them.
async fn values_of_every_type(shop: &Shop) {
    let ann = shop.new_user(2).await;
    let rename = |from: &str| ann.atomically().update(Column::Name, "bob", from).untouched();
    assert!(!rename("ANN").exec(&shop.db).await.unwrap().is_changed());
    assert!(!rename("ann ").exec(&shop.db).await.unwrap().is_changed());
    let calm = ann.atomically().change(Column::Mood, Mood::Angry).change(Column::Name, "Ann");
    assert!(calm.exec(&shop.db).await.unwrap().is_changed());
    let ann = shop.user(2).await;
    assert_eq!((ann.mood.clone(), ann.name.as_str()), (Mood::Angry, "Ann"));
    // A time that sea-orm wrote is found by the same time.
    let close = ann.atomically().change(Column::ClosedAt, Some(long_ago()));
    assert!(close.untouched().exec(&shop.db).await.unwrap().is_changed());
    let ann = shop.user(2).await;
    let open = ann.atomically().change(Column::ClosedAt, None::<DateTimeUtc>);
    assert!(open.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(2).await.closed_at, None);
}

async fn pending_changes(shop: &Shop) {
    let ann = shop.new_user(3).await;
    let mut active = ann.clone().into_active_model();
    active.name = Set("eve".to_owned());
    active.money = Set(1);
    let enter = active.atomically().change(Column::ArenaId, Some(3));
    let refused = active.atomically().update(Column::ArenaId, Some(3), Some(9));
    assert!(!refused.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(3).await, ann);
    assert!(enter.exec(&shop.db).await.unwrap().is_changed());
    let now = shop.user(3).await;
    assert_eq!((now.name.as_str(), now.money, now.arena_id), ("eve", 1, Some(3)));

    // What it held before is not known, unless it is said; and then it is changed, once.
    active.arena_id = Set(Some(4));
    let told = active.atomically().change(Column::ArenaId, Some(5)).exec(&shop.db).await;
    let told = told.unwrap_err();
    assert!(told.is_misuse() && told.to_string().contains("give it with `update`"), "{told}");
    let known = active.atomically().update(Column::ArenaId, Some(5), Some(3));
    assert!(known.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(3).await.arena_id, Some(5));
}

async fn touched_or_not(shop: &Shop) {
    let ann = shop.new_user(4).await;
    let left = ann.atomically().change(Column::Money, 1).untouched();
    assert!(left.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(4).await.updated_at, long_ago());
    let given = DateTimeUtc::from_timestamp(1_100_000_000, 0).unwrap();
    let own = ann.atomically().update(Column::UpdatedAt, given, long_ago());
    assert!(own.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(4).await.updated_at, given);
    let mut active = shop.user(4).await.into_active_model();
    active.updated_at = Set(long_ago());
    let pending = active.atomically().update(Column::Money, 2, 1);
    assert!(pending.exec(&shop.db).await.unwrap().is_changed());
    assert_eq!(shop.user(4).await.updated_at, long_ago());
}

async fn missing_and_unknown(shop: &Shop) {
    let ann = shop.new_user(5).await;
    user::Entity::delete_by_id(5).exec(&shop.db).await.unwrap();
    let told = ann.atomically().change(Column::Money, 1).exec(&shop.db).await.unwrap();
    assert_eq!(told, Change::Missing);
    let nobody = user::ActiveModel { money: Set(1), ..Default::default() };
    let told = nobody.atomically().decrement_unsigned_counters([(Column::Money, 1)]);
    let told = told.exec(&shop.db).await.unwrap_err();
    assert!(told.is_misuse() && told.to_string().contains("has no `id`"), "{told}");
    let gift = ann.atomically().decrement_unsigned_counters([(Column::Money, -1)]);
    assert!(gift.exec(&shop.db).await.unwrap_err().is_misuse());
}

async fn keys_of_two_columns(shop: &Shop) {
    let hall = Uuid::from_u128(7);
    for no in [1, 2] {
        let price = Decimal::new(2_550, 2);
        let row = seat::Model { hall, no, taken_by: None, price }.into_active_model();
        seat::Entity::insert(row.reset_all()).exec(&shop.db).await.unwrap();
    }
    let one = seat::Entity::find_by_id((hall, 1)).one(&shop.db).await.unwrap().unwrap();
    let take = one.atomically().change(seat::Column::TakenBy, Some(9));
    let cheaper = take.change(seat::Column::Price, Decimal::new(20, 0));
    assert!(cheaper.clone().exec(&shop.db).await.unwrap().is_changed());
    assert!(!cheaper.exec(&shop.db).await.unwrap().is_changed());
    let free = seat::Entity::find().filter(seat::Column::TakenBy.is_null());
    assert_eq!(free.all(&shop.db).await.unwrap().len(), 1);
}
