use super::*;
use crate::program::{Bind, render};

fn loot<R: Into<Row>>(rows: Vec<R>) -> CreateOrPlus {
    CreateOrPlus::of(&Table::new("user_items").order(["user_id", "item_id"]))
        .columns(["user_id", "item_id", "quantity"])
        .rows(rows)
        .plus(["quantity"])
        .on_conflict(["user_id", "item_id"])
}

fn chunk(plan: &CreateOrPlus) -> Vec<Row> {
    Chunks::of(plan, Dialect::MySql).unwrap().next().unwrap().unwrap_or_default()
}

#[test]
fn rows_of_one_key_are_added_up_and_all_are_sorted() {
    let plan = loot(vec![(2, 1, 1), (1, 10, 1), (1, 9, 1), (2, 1, 5)]);
    assert_eq!(chunk(&plan), [(1, 9, 1), (1, 10, 1), (2, 1, 6)].map(Row::from));
}

#[test]
fn null_is_no_key_and_adds_nothing_up() {
    let plan = loot(vec![(Some(1), None::<i64>, 1), (Some(1), None, 2)]);
    assert_eq!(chunk(&plan).len(), 2);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_sent() {
    let fine = || loot(vec![(1, 9, 1)]);
    let huge = u64::MAX;
    for (plan, why) in [
        (fine().columns([""; 0]), "no column is named as the columns of the rows"),
        (fine().columns(["a", "a"]), "`a` is named twice"),
        (fine().plus([""; 0]), "no column is named as what is added"),
        (fine().plus(["price"]), "`price` is not among the columns given"),
        (fine().plus(["item_id"]), "`item_id` is the key"),
        (fine().on_conflict(["id"]), "`id` is not among the columns given"),
        (fine().on_conflict([""; 0]), "no column is named as the conflict"),
        (loot(vec![(1, 9)]), "the row (1, 9) has 2 values for 3 columns"),
        (loot(vec![(1, 9, -1)]), "`quantity` of the row (1, 9, -1) is -1"),
        (loot(vec![(1, 9, None::<i64>)]), "is NULL, and not a number"),
        (loot(vec![(1, 9, "4")]), "is 4, and not a number"),
        (loot(vec![(1, 9, huge), (1, 9, huge)]), "is too large together"),
        (fine().also(crate::setting::now("quantity")), "`quantity` is named twice"),
    ] {
        for dialect in Dialect::ALL {
            let fault = plan.program(dialect).unwrap_err();
            assert!(fault.is_misuse() && fault.to_string().contains(why), "{fault}");
        }
    }
}

#[test]
fn no_rows_are_nothing_sent() {
    for dialect in Dialect::ALL {
        let next = loot(Vec::<Row>::new()).program(dialect).unwrap();
        assert!(matches!(next, Next::Done(Added { rows: 0, inserted: Some(0) })), "{next:?}");
    }
}

#[test]
fn many_rows_go_by_the_chunk_in_one_transaction() {
    let plan = loot(Vec::<Row>::new()).rows_from(|| (0..5_000).map(|at| (at, 1, 1)));
    for dialect in Dialect::ALL {
        let shown = render(&plan, dialect).unwrap();
        let inserts = shown.statements().iter().filter(|one| one.text.contains("INSERT"));
        assert_eq!(inserts.count(), 3, "{dialect}");
        assert!(shown.in_transaction());
        assert!(shown.statements().iter().all(|one| one.binds.len() <= dialect.binds_max()));
    }
}

#[test]
fn postgres_gets_one_array_for_each_column() {
    let shown = render(&loot(vec![(1, 9, 1), (1, 7, 1)]), Dialect::Postgres).unwrap();
    let lengths: Vec<_> = shown.statements()[0]
        .binds
        .iter()
        .map(|bind| match bind {
            Bind::One(_) => 0,
            Bind::Many(_, values) => values.len(),
        })
        .collect();
    assert_eq!(lengths, [2, 2, 2]);
}
