//! Programs: what a plan sends, one statement after the other, and what it makes of the answers.
//!
//! A face is one loop: it sends what [`Next::Ask`] says, gives the answer back, and ends at
//! [`Next::Done`]. It decides nothing, so that every face keeps the same promise.

use crate::dialect::Dialect;
use crate::fault::Fault;
use crate::kind::Kind;
use crate::value::Value;

/// A value as it goes to the database, of the few types that each library can bind.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain {
    /// No value. PostgreSQL gets it in arrays alone, whose type is told.
    Null,
    /// True or false; PostgreSQL alone gets it.
    Bool(bool),
    /// A whole number.
    I64(i64),
    /// A whole number beyond [`i64::MAX`]; MySQL and MariaDB alone get it.
    U64(u64),
    /// A floating point number.
    F64(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What is bound to one place of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// One value.
    One(Plain),
    /// An array; PostgreSQL alone gets it. All its values but NULL are of the one type that the
    /// kind has as a bind.
    Many(Kind, Vec<Plain>),
}

/// One statement: its text and what is bound, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, with `$1` or `?` where something is bound.
    pub text: String,
    /// What is bound.
    pub binds: Vec<Bind>,
    /// Whether it answers with rows.
    pub reads: bool,
    /// Whether the text comes again often enough to be prepared and kept.
    pub keep: bool,
}

/// What the database answered to one statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The rows, each with its columns in order.
    pub rows: Vec<Vec<Value>>,
    /// How many rows were changed, as the database counts them; matched rows on MySQL, MariaDB.
    pub affected: u64,
    /// What `LAST_INSERT_ID(…)` was given, on MySQL and MariaDB.
    pub last_id: u64,
}

/// What a program wants next.
pub enum Next<O> {
    /// What follows is one transaction; where the caller has one open it is part of that.
    Begin {
        /// Whether it writes more than once. In the caller's transaction it then needs a savepoint
        /// of its own to be all or nothing.
        writes_often: bool,
        /// What is done in it.
        then: Then<(), O>,
    },
    /// A statement, and what to do with its answer.
    Ask(Statement, Then<Answer, O>),
    /// The end. A transaction that was begun is committed.
    Done(O),
}

/// What a program makes of an answer.
pub type Then<A, O> = Box<dyn FnOnce(A) -> Result<Next<O>, Fault> + Send>;

impl<O> Next<O> {
    pub(crate) fn ask(
        statement: Statement,
        then: impl FnOnce(Answer) -> Result<Self, Fault> + Send + 'static,
    ) -> Self {
        Self::Ask(statement, Box::new(then))
    }

    pub(crate) fn begin(
        writes_often: bool,
        then: impl FnOnce() -> Result<Self, Fault> + Send + 'static,
    ) -> Self {
        Self::Begin { writes_often, then: Box::new(|()| then()) }
    }
}

impl<O> std::fmt::Debug for Next<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Begin { writes_often, .. } => write!(f, "Begin(writes_often: {writes_often})"),
            Self::Ask(statement, _) => write!(f, "Ask({})", statement.text),
            Self::Done(_) => f.write_str("Done"),
        }
    }
}

/// One of the six statements, with all that it is about.
///
/// A plan is checked when its program is made: what is wrong with it is told before anything is
/// sent. A program can be made again, for another attempt.
pub trait Plan: Clone + Send + Sync + 'static {
    /// What it answers.
    type Outcome: Send + 'static;

    /// What is sent to an engine of that dialect.
    fn program(&self, dialect: Dialect) -> Result<Next<Self::Outcome>, Fault>;

    /// Whether it is another text for MySQL than for MariaDB.
    #[doc(hidden)]
    fn tells_mysql_from_mariadb(&self) -> bool {
        false
    }

    /// What plans that can go together have in common; none if this one goes alone.
    #[doc(hidden)]
    fn common(&self) -> Option<String> {
        None
    }

    /// So many equal plans as one, answered for each in turn.
    #[doc(hidden)]
    fn many(&self, _times: u32, _dialect: Dialect) -> Result<Next<Vec<Self::Outcome>>, Fault> {
        Err(Fault::unexpected("plans of this kind go alone"))
    }

    /// As [`rehearse`](Plan::rehearse), for many.
    #[doc(hidden)]
    fn rehearse_many(&self, _times: u32, _dialect: Dialect) -> Answer {
        Answer::default()
    }

    /// An answer to the statement at that place, as [`render`] needs it to tell the next one.
    #[doc(hidden)]
    fn rehearse(&self, dialect: Dialect, at: usize) -> Answer;
}

/// So many callers go together at most.
pub(crate) const TOGETHER_MAX: u32 = 1 << 13;

/// Equal plans as one: what [`combined`](crate::combined) callers send.
#[derive(Debug, Clone, PartialEq)]
pub struct Many<P> {
    plan: P,
    times: u32,
}

impl<P: Plan> Many<P> {
    /// So many of that plan, at most 8,192, if plans of its kind can go together.
    pub fn of(plan: P, times: u32) -> Option<Self> {
        let fits = (1..=TOGETHER_MAX).contains(&times) && plan.common().is_some();
        fits.then_some(Self { plan, times })
    }
}

impl<P: Plan> Plan for Many<P> {
    type Outcome = Vec<P::Outcome>;

    fn program(&self, dialect: Dialect) -> Result<Next<Vec<P::Outcome>>, Fault> {
        self.plan.many(self.times, dialect)
    }

    fn tells_mysql_from_mariadb(&self) -> bool {
        self.plan.tells_mysql_from_mariadb()
    }

    fn rehearse(&self, dialect: Dialect, _at: usize) -> Answer {
        self.plan.rehearse_many(self.times, dialect)
    }
}

/// What a plan sends: see [`render`].
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    statements: Vec<Statement>,
    in_transaction: bool,
}

impl Shown {
    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether they are one transaction, and not a single statement that needs none.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// How often a connection waits for the server, outside a transaction of the caller's.
    pub fn round_trips(&self) -> usize {
        self.statements.len() + if self.in_transaction { 2 } else { 0 }
    }
}

/// What a plan sends to an engine of that dialect when all goes well, without a database.
pub fn render<P: Plan>(plan: &P, dialect: Dialect) -> Result<Shown, Fault> {
    let mut shown = Shown { statements: Vec::new(), in_transaction: false };
    let mut next = plan.program(dialect)?;
    loop {
        next = match next {
            Next::Begin { then, .. } => {
                shown.in_transaction = true;
                then(())?
            }
            Next::Ask(statement, then) => {
                let answer = plan.rehearse(dialect, shown.statements.len());
                shown.statements.push(statement);
                then(answer)?
            }
            Next::Done(_) => return Ok(shown),
        };
    }
}
