//! As much of the Redis protocol as a test needs to prepare a server.

use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::UnixStream;

/// A reply's text, or the server's complaint. An array has a line for each of its elements.
pub(super) type Reply = Result<String, String>;

/// One connection, by the server's own socket: it needs neither TLS nor the port under test.
pub(super) struct Connection {
    stream: BufStream<UnixStream>,
}

impl Connection {
    pub(super) async fn open(socket: &Path) -> io::Result<Self> {
        Ok(Self { stream: BufStream::new(UnixStream::connect(socket).await?) })
    }

    pub(super) async fn ask(&mut self, words: &[&str]) -> io::Result<Reply> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.reply().await
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let mut elements = 1;
        let mut texts = Vec::new();
        let mut complaint = None;
        // Nested arrays become one list of lines, so a count of what is still to come is enough.
        while elements > 0 {
            elements -= 1;
            let line = self.line().await?;
            let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)?;
            match kind {
                "+" | ":" => texts.push(rest.to_owned()),
                "-" => complaint = Some(rest.to_owned()),
                "$" => texts.push(self.bulk(number(rest)?).await?),
                "*" if number(rest)? < 0 => texts.push(NIL.to_owned()),
                "*" => elements += number(rest)?,
                _ => return Err(io::Error::other(format!("not a reply: {line}"))),
            }
        }
        Ok(complaint.map_or_else(|| Ok(texts.join("\n")), Err))
    }

    async fn bulk(&mut self, length: i64) -> io::Result<String> {
        let Ok(length) = usize::try_from(length) else {
            return Ok(NIL.to_owned());
        };
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// What a missing value reads as, as in redis-cli.
const NIL: &str = "(nil)";

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(io::Error::other)
}
