//! A handle type of one's own as a field, with an option, and with `Self` in its type.

use std::marker::PhantomData;
use std::time::Duration;

use exactly::declare::{Declare, Ttl};
use exactly::{Object, Objects, Store};

struct Own<T> {
    object: Object,
    ttl: Option<Duration>,
    of: PhantomData<T>,
}

impl<T> Declare for Own<T> {
    fn declare(object: Object) -> Self {
        Self { object, ttl: None, of: PhantomData }
    }
}

impl<T> AsRef<Object> for Own<T> {
    fn as_ref(&self) -> &Object {
        &self.object
    }
}

impl<T> Ttl for Own<T> {
    fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(ttl = "1h 30m")]
    next: Own<(Self, u8)>,
    plain: Own<[Course; 2]>,
}

#[tokio::test]
async fn is_accepted() -> Result<(), exactly::Fault> {
    let store = Store::open("memory:").await?;
    let course = Course::at(&store, 42);
    assert_eq!(course.next.ttl, Some(Duration::from_secs(5_400)));
    assert_eq!(course.plain.ttl, None);
    assert_eq!(course.next.object.key()?.to_string(), "course:42:next");
    Ok(())
}
