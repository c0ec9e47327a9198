//! Selects of sea-orm as scopes.
//!
//! A row is judged again once it is locked, because a rival may have changed it while it was waited
//! for. What a select says of the row itself therefore stands in the statement itself, and never
//! only in a sub-select, which tells of the row as it was before.

use sea_orm::sea_query::{
    Expr, MysqlQueryBuilder, PostgresQueryBuilder, Query, SelectStatement, SimpleExpr,
    SqliteQueryBuilder, Values,
};
use sea_orm::{EntityTrait, Iterable, PrimaryKeyToColumn, QueryTrait, Select};

use super::value::value;
use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::fragment::{FRAGMENT_BYTES_MAX, Fragment};
use crate::scope::{Scope, all};

/// The rows that the select finds.
pub(super) fn scope<E: EntityTrait>(select: &Select<E>, dialect: Dialect) -> Result<Scope, Fault> {
    let query = select.as_query();
    let mut bare = query.clone();
    without_choice(&mut bare).clear_selects().expr(Expr::cust("1"));
    let (text, values) = built(bare.clone().from_clear(), dialect);
    let is_plain = match text.strip_prefix("SELECT 1") {
        Some("") => Some(all()),
        Some(rest) => match rest.strip_prefix(" WHERE ") {
            Some(condition) => Some(Scope::raw(fragment(condition, values, dialect)?)),
            None => None,
        },
        None => None,
    };
    let judged = match &is_plain {
        Some(own) => own.clone(),
        None => still_joined(&bare, dialect)?,
    };
    let mut unordered = query.clone();
    let chooses = without_choice(&mut query.clone()) != unordered.clear_order_by();
    if is_plain.is_some() && !chooses {
        return Ok(judged);
    }
    Ok(Scope::selected(keys::<E>(query, chooses, dialect)?).and(judged))
}

/// Without what takes some of the rows that fulfil the conditions.
fn without_choice(query: &mut SelectStatement) -> &mut SelectStatement {
    query.clear_order_by().clear_group_by().clear_having().reset_limit().reset_offset()
}

/// The primary keys that the select finds.
fn keys<E: EntityTrait>(
    query: &SelectStatement,
    chooses: bool,
    dialect: Dialect,
) -> Result<Fragment, Fault> {
    let mut keys = query.clone();
    keys.clear_selects();
    for key in E::PrimaryKey::iter() {
        keys.expr(Expr::col((E::default(), key.into_column())));
    }
    if !chooses {
        keys.clear_order_by();
    }
    let (text, values) = built(&keys, dialect);
    // MySQL takes no limit in a sub-select of `IN`, but in one that that selects from.
    let wrapped = chooses && dialect.is_mysql_like();
    let text = if wrapped { format!("SELECT * FROM ({text}) AS exactly_first") } else { text };
    fragment(&text, values, dialect)
}

/// The row, as it is now, still finds the others that it is joined with.
fn still_joined(bare: &SelectStatement, dialect: Dialect) -> Result<Scope, Fault> {
    let mut joined = bare.clone();
    let one = Query::select().expr_as(Expr::cust("1"), "exactly_one").to_owned();
    joined.from_clear().from_subquery(one, "exactly_row");
    let (text, values) = built(&joined, dialect);
    Ok(Scope::raw(fragment(&format!("EXISTS ({text})"), values, dialect)?))
}

/// An expression of sea-orm.
pub(super) fn expression(expr: &SimpleExpr, dialect: Dialect) -> Result<Fragment, Fault> {
    let (text, values) = built(Query::select().expr(expr.clone()), dialect);
    fragment(text.strip_prefix("SELECT ").unwrap_or(&text), values, dialect)
}

fn built(query: &SelectStatement, dialect: Dialect) -> (String, Values) {
    match dialect {
        Dialect::Postgres => query.build(PostgresQueryBuilder),
        Dialect::MySql | Dialect::MariaDb => query.build(MysqlQueryBuilder),
        Dialect::Sqlite => query.build(SqliteQueryBuilder),
    }
}

fn fragment(text: &str, values: Values, dialect: Dialect) -> Result<Fragment, Fault> {
    if text.len() > FRAGMENT_BYTES_MAX {
        let (found, values) = (text.len(), values.0.len());
        return Err(Fault::input(format!(
            "the select has {found} bytes and {values} values, at most {FRAGMENT_BYTES_MAX} bytes: \
             keep the values in a table and join it"
        )));
    }
    let binds: Vec<_> =
        values.into_iter().map(|one| value(&one, dialect)).collect::<Result<_, _>>()?;
    Ok(match dialect {
        Dialect::Postgres => Fragment::numbered(text, binds),
        Dialect::MySql | Dialect::MariaDb | Dialect::Sqlite => Fragment::new(text, binds),
    })
}
