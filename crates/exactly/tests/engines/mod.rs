//! The engines that a test is run on.

/// The same tests in memory and on Redis, each on a store of its own.
macro_rules! on_both {
    ($($test:ident)+) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(exactly::Store::open("memory:").await.unwrap()).await;
                }
            )+
        }

        mod redis {
            use exactly_conformance::servers::{Flavour, Redis, skipped};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(why) = Flavour::Redis7.missing() {
                        assert!(!skipped(&why));
                        return;
                    }
                    let server = Redis::start(Flavour::Redis7).await;
                    super::$test(exactly::Store::open(&server.url()).await.unwrap()).await;
                }
            )+
        }
    };
}
