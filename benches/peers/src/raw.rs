//! Connections of the client that hand-written peers use.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

/// As it comes.
pub async fn connected(url: &str) -> MultiplexedConnection {
    with(url, AsyncConnectionConfig::new()).await
}

/// Without the timeout for replies: quicker, and able to wait in a command that blocks.
pub async fn patient(url: &str) -> MultiplexedConnection {
    with(url, AsyncConnectionConfig::new().set_response_timeout(None)).await
}

/// As it comes, to a server that it has emptied.
pub async fn emptied(url: &str) -> MultiplexedConnection {
    let mut connection = connected(url).await;
    let _: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.expect("it answers");
    connection
}

/// The name by which a script is called once the server has it.
pub async fn loaded(connection: &mut MultiplexedConnection, script: &str) -> Arc<str> {
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(script);
    let sha: String = load.query_async(connection).await.expect("it answers");
    sha.into()
}

async fn with(url: &str, config: AsyncConnectionConfig) -> MultiplexedConnection {
    let client = Client::open(url).expect("the URL is one");
    client.get_multiplexed_async_connection_with_config(&config).await.expect("it answers")
}
