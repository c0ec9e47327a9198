//! The writer of statements: text and binds grow together, so that no value is ever pasted.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::fragment::{Fragment, Piece};
use crate::kind::{Kind, plain_elsewhere, plain_on_postgres};
use crate::name::{Name, Names};
use crate::program::{Bind, Plain, Statement};
use crate::record::RowKey;
use crate::scope::{Condition, Scope};
use crate::table::Table;
use crate::value::Value;

pub(crate) struct Writer {
    pub(crate) dialect: Dialect,
    text: String,
    binds: Vec<Bind>,
}

impl Writer {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, text: String::new(), binds: Vec::new() }
    }

    pub(crate) fn put(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub(crate) fn name(&mut self, name: &Name) -> &mut Self {
        self.text.push_str(&self.dialect.quoted(name));
        self
    }

    pub(crate) fn table(&mut self, table: &Table) -> &mut Self {
        if let Some(schema) = &table.schema {
            self.name(schema).put(".");
        }
        self.name(&table.name)
    }

    /// The column with its table, for where another could have one of that name.
    pub(crate) fn column(&mut self, table: &Table, column: &Name) -> &mut Self {
        self.table(table).put(".").name(column)
    }

    pub(crate) fn columns(&mut self, table: &Table, columns: &Names) -> Result<(), Fault> {
        self.separated(", ", columns.iter(), |writer, column| {
            writer.column(table, column);
            Ok(())
        })
    }

    pub(crate) fn separated<T>(
        &mut self,
        between: &str,
        parts: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                self.put(between);
            }
            write(self, part)?;
        }
        Ok(())
    }

    /// A bound value. PostgreSQL is told its type, so that one text never means two statements; the
    /// others take the type from the value, but for numbers and times that go as texts.
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), Fault> {
        if self.dialect == Dialect::Postgres {
            return self.value_on_postgres(value);
        }
        if let (Dialect::Sqlite, Value::U64(number)) = (self.dialect, value) {
            i64::try_from(*number).map_err(|_| {
                Fault::input(format!("SQLite has no whole number as large as {number}"))
            })?;
        }
        self.binds.push(Bind::One(plain_elsewhere(value)));
        let to = self.type_elsewhere(value);
        match to {
            None => self.put("?"),
            Some(to) => self.put("CAST(? AS ").put(&to).put(")"),
        };
        Ok(())
    }

    fn type_elsewhere(&self, value: &Value) -> Option<String> {
        if self.dialect == Dialect::Sqlite {
            return matches!(value, Value::Decimal(_)).then(|| "NUMERIC".to_owned());
        }
        match value {
            Value::Decimal(number) => Some(format!("DECIMAL(65, {})", number.scale())),
            Value::Date(_) => Some("DATE".to_owned()),
            Value::Time(_) => Some("TIME(6)".to_owned()),
            Value::DateTime(_) | Value::Instant(_) => Some("DATETIME(6)".to_owned()),
            Value::Null
            | Value::Bool(_)
            | Value::I64(_)
            | Value::U64(_)
            | Value::F64(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Uuid(_)
            | Value::Cast { .. } => None,
        }
    }

    /// NULL is written and not bound: it gets its type from where it stands.
    fn value_on_postgres(&mut self, value: &Value) -> Result<(), Fault> {
        match Kind::of(value) {
            None => self.put("NULL"),
            Some(kind) => self.typed(&kind, Bind::One(plain_on_postgres(value)), "")?,
        };
        Ok(())
    }

    /// An array of PostgreSQL.
    pub(crate) fn array<'v>(
        &mut self,
        kind: &Kind,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<(), Fault> {
        // Numbers of one array are of one type, which is a text for those beyond 64 bits.
        let plain = |value| match (kind, plain_on_postgres(value)) {
            (Kind::Decimal, Plain::I64(number)) => Plain::Text(number.to_string()),
            (_, plain) => plain,
        };
        let plains = values.into_iter().map(plain).collect();
        self.typed(kind, Bind::Many(kind.clone(), plains), "[]")?;
        Ok(())
    }

    fn typed(&mut self, kind: &Kind, bind: Bind, array: &str) -> Result<&mut Self, Fault> {
        self.binds.push(bind);
        let (bound, cast) = kind.on_postgres();
        let place = format!("${}::{bound}{array}", self.binds.len());
        self.put(&place);
        match (kind, cast) {
            (Kind::Own(name), _) => {
                name.check("a type")?;
                self.put("::").name(name).put(array);
            }
            (_, Some(cast)) => drop(self.put("::").put(cast).put(array)),
            (_, None) => {}
        }
        Ok(self)
    }

    pub(crate) fn fragment(&mut self, fragment: &Fragment) -> Result<(), Fault> {
        for piece in fragment.pieces(self.dialect)? {
            match piece {
                Piece::Text(text) => drop(self.put(text)),
                Piece::Bind(value) => self.value(value)?,
            }
        }
        Ok(())
    }

    /// The condition, in parentheses where it needs them.
    pub(crate) fn scope(&mut self, table: &Table, scope: &Scope) -> Result<(), Fault> {
        scope.0.check()?;
        self.condition(table, &scope.0)
    }

    /// The condition after another one, if it is one.
    pub(crate) fn and_scope(&mut self, table: &Table, scope: &Scope) -> Result<(), Fault> {
        if scope.0 == Condition::All {
            return Ok(());
        }
        self.put(" AND ");
        self.scope(table, scope)
    }

    fn condition(&mut self, table: &Table, condition: &Condition) -> Result<(), Fault> {
        match condition {
            Condition::All => drop(self.put("1 = 1")),
            Condition::Compare { column, by, value } => {
                self.column(table, column).put(by.text());
                self.value(value)?;
            }
            Condition::Null { column, is } => {
                self.column(table, column).put(if *is { " IS NULL" } else { " IS NOT NULL" });
            }
            Condition::In { keys, is, .. } if keys.is_empty() => {
                self.put(if *is { "1 = 0" } else { "1 = 1" });
            }
            Condition::In { columns, keys, is } => self.key_in(table, columns, keys, *is)?,
            Condition::InSelect { columns, select } => self.in_select(table, columns, select)?,
            Condition::KeyInSelect { select } => self.in_select(table, &table.key, select)?,
            Condition::Raw(fragment) => {
                self.put("(");
                self.fragment(fragment)?;
                self.put(")");
            }
            Condition::And(parts) => self.joined(table, parts, " AND ")?,
            Condition::Or(parts) => self.joined(table, parts, " OR ")?,
            Condition::Not(part) => {
                self.put("NOT (");
                self.condition(table, part)?;
                self.put(")");
            }
        }
        Ok(())
    }

    fn joined(&mut self, table: &Table, parts: &[Condition], word: &str) -> Result<(), Fault> {
        self.put("(");
        self.separated(word, parts, |writer, part| writer.condition(table, part))?;
        self.put(")");
        Ok(())
    }

    fn in_select(&mut self, table: &Table, columns: &Names, of: &Fragment) -> Result<(), Fault> {
        self.tuple(table, columns)?;
        self.put(" IN (");
        self.fragment(of)?;
        self.put(")");
        Ok(())
    }

    fn tuple(&mut self, table: &Table, columns: &Names) -> Result<(), Fault> {
        let several = columns.len() > 1;
        self.put(if several { "(" } else { "" });
        self.columns(table, columns)?;
        self.put(if several { ")" } else { "" });
        Ok(())
    }

    /// The columns hold one of these keys, or none of them.
    pub(crate) fn key_in(
        &mut self,
        table: &Table,
        columns: &Names,
        keys: &[RowKey],
        is: bool,
    ) -> Result<(), Fault> {
        self.tuple(table, columns)?;
        if self.dialect == Dialect::Postgres && columns.len() == 1 {
            let values = || keys.iter().flat_map(RowKey::values);
            self.put(if is { " = ANY(" } else { " <> ALL(" });
            self.array(&Kind::of_all("a condition", values())?, values())?;
            self.put(")");
            return Ok(());
        }
        self.put(if is { " IN (" } else { " NOT IN (" });
        match self.dialect {
            Dialect::Postgres => {
                self.put("SELECT * FROM ");
                self.unnest(columns, keys)?;
            }
            Dialect::Sqlite if columns.len() > 1 => {
                self.put("VALUES ");
                self.key_list(keys)?;
            }
            Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb => self.key_list(keys)?,
        }
        self.put(")");
        Ok(())
    }

    /// One array for each column: the text is the same for any number of keys.
    pub(crate) fn unnest(&mut self, columns: &Names, keys: &[RowKey]) -> Result<(), Fault> {
        self.put("unnest(");
        self.separated(", ", columns.iter().enumerate(), |writer, (at, column)| {
            let values = || keys.iter().map(move |key| &key.values()[at]);
            let kind = Kind::of_all(column.as_str(), values())?;
            writer.array(&kind, values())
        })?;
        self.put(")");
        Ok(())
    }

    fn key_list(&mut self, keys: &[RowKey]) -> Result<(), Fault> {
        self.separated(", ", keys, |writer, key| match key.values() {
            [one] => writer.value(one),
            several => {
                writer.put("(");
                writer.separated(", ", several, Self::value)?;
                writer.put(")");
                Ok(())
            }
        })
    }

    /// The row of that primary key.
    pub(crate) fn row_is(&mut self, table: &Table, key: &RowKey) -> Result<(), Fault> {
        let parts = table.key.iter().zip(key.values());
        self.separated(" AND ", parts, |writer, (column, value)| {
            writer.column(table, column).put(" = ");
            writer.value(value)
        })
    }

    pub(crate) fn finish(self, reads: bool) -> Result<Statement, Fault> {
        let (found, limit) = (self.binds.len(), self.dialect.binds_max());
        if found > limit {
            let of = self.dialect;
            return Err(Fault::input(format!(
                "the statement binds {found} values, at most {limit} on {of}: do it in parts"
            )));
        }
        // A text with very many places is rarely asked for again with as many.
        let keep = found <= KEPT_BINDS_MAX;
        Ok(Statement { text: self.text, binds: self.binds, reads, keep })
    }
}

/// Beyond so many binds a statement is not kept prepared.
const KEPT_BINDS_MAX: usize = 256;
