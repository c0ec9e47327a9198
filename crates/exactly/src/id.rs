//! What tells one thing of the user's from another.

use std::borrow::Cow;
use std::sync::Arc;

/// What tells one thing of the user's from another: its id, as it goes into keys.
///
/// Implement it for a type of your own to make its objects from the thing itself:
///
/// ```
/// # use exactly::{Counter, Id, Objects, Store};
/// # use std::borrow::Cow;
/// struct Course { id: u32, title: String }
///
/// impl Id for Course {
///     fn to_id(&self) -> Cow<'_, str> { self.id.to_string().into() }
/// }
///
/// #[derive(Objects)]
/// #[exactly(name = "course")]
/// struct Enrolment { taken: Counter }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let course = Course { id: 42, title: "Rust".to_owned() };
/// let enrolment = Enrolment::at(&store, &course);
/// assert_eq!(enrolment.taken.key()?.to_string(), "course:42:taken");
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no id",
    label = "not an id",
    note = "an id is a number, a text, or a type of yours that implements `Id`; what may be \
            missing has none: match on it first"
)]
pub trait Id {
    /// The id as text. Two things of a group are the same exactly when their texts are equal.
    fn to_id(&self) -> Cow<'_, str>;
}

impl<T: Id + ?Sized> Id for &T {
    fn to_id(&self) -> Cow<'_, str> {
        (**self).to_id()
    }
}

impl Id for str {
    fn to_id(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Id for String {
    fn to_id(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

macro_rules! whole_numbers {
    ($($number:ty),+) => {
        $(
            impl Id for $number {
                fn to_id(&self) -> Cow<'_, str> {
                    self.to_string().into()
                }
            }
        )+
    };
}

whole_numbers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

macro_rules! texts {
    ($($text:ty),+) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Id for $text {
                fn to_id(&self) -> Cow<'_, str> {
                    (**self).into()
                }
            }
        )+
    };
}

texts!(Box<str>, Arc<str>, Cow<'_, str>);

#[cfg(feature = "uuid")]
#[diagnostic::do_not_recommend]
impl Id for uuid::Uuid {
    /// With hyphens and small letters.
    fn to_id(&self) -> Cow<'_, str> {
        self.as_hyphenated().to_string().into()
    }
}
