//! HTTP/1.1 by hand, over one connection, one request at a time: the generator must cost far less than the server.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::chance::{KEY_LENGTH, Keys};

/// A request as bytes, with room for a key if it changes something.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) bytes: Vec<u8>,
    key: Option<Range<usize>>,
}

impl Template {
    /// A request that needs no key.
    pub(crate) fn plain(method: &str, path: &str, api_key: &str, body: Option<&Value>) -> Self {
        Self::make(method, path, api_key, None, body)
    }

    /// A request with a key of [`KEY_LENGTH`] characters, to be written by [`Template::rekey`] or given here.
    pub(crate) fn keyed(method: &str, path: &str, api_key: &str, key: Option<&str>, body: &Value) -> Self {
        let blank = "0".repeat(KEY_LENGTH);
        Self::make(method, path, api_key, Some(key.unwrap_or(&blank)), Some(body))
    }

    fn make(method: &str, path: &str, api_key: &str, key: Option<&str>, body: Option<&Value>) -> Self {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nHost: onhand\r\nAuthorization: Bearer {api_key}\r\n");
        let key = key.map(|key| {
            text.push_str("Idempotency-Key: ");
            let start = text.len();
            text.push_str(key);
            text.push_str("\r\n");
            start..start + key.len()
        });
        match body {
            Some(body) => {
                let body = body.to_string();
                text.push_str(&format!(
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ));
            }
            None => text.push_str("\r\n"),
        }
        Self { bytes: text.into_bytes(), key }
    }

    /// Writes the next key into its place.
    pub(crate) fn rekey(&mut self, keys: &Keys) {
        if let Some(place) = self.key.clone() {
            keys.write(&mut self.bytes[place]);
        }
    }
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// A header's value; names are compared without regard to case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name).and_then(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(self.body)
            .with_context(|| format!("not JSON: {}", String::from_utf8_lossy(self.body)))
    }
}

/// One keep-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 4 * 1024] })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let (head, length) = loop {
            filled += self.read_at(filled).await?;
            if let Some(end) = end_of_head(&self.buffer[..filled]) {
                break (end, body_length(&self.buffer[..end])?);
            }
        };
        let whole = head + length;
        if self.buffer.len() < whole {
            self.buffer.resize(whole, 0);
        }
        while filled < whole {
            filled += self.read_at(filled).await?;
        }
        let (head, rest) = self.buffer.split_at(head);
        Ok(Answer { status: status_of(head)?, head, body: &rest[..length] })
    }

    async fn read_at(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn status_of(head: &[u8]) -> io::Result<u16> {
    let digits = head.get(9..12).filter(|_| head.starts_with(b"HTTP/1.1 "));
    digits
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .ok_or_else(|| io::Error::other("not an answer in HTTP/1.1"))
}

fn body_length(head: &[u8]) -> io::Result<usize> {
    match header(head, "content-length") {
        Some(value) => std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| io::Error::other("a content-length that is no number")),
        None if header(head, "transfer-encoding").is_some() => {
            Err(io::Error::other("an answer in chunks, which this client does not read"))
        }
        None => Ok(0),
    }
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        if !found.eq_ignore_ascii_case(name.as_bytes()) {
            return None;
        }
        value.strip_prefix(b":").map(<[u8]>::trim_ascii)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::KeyKind;
    use serde_json::json;

    const HEAD: &[u8] = b"HTTP/1.1 409 Conflict\r\nContent-Length: 12\r\nidempotency-replayed: true\r\n\r\n";

    #[test]
    fn heads_are_read() {
        assert_eq!(end_of_head(HEAD), Some(HEAD.len()));
        assert_eq!(status_of(HEAD).unwrap(), 409);
        assert_eq!(body_length(HEAD).unwrap(), 12);
        assert_eq!(header(HEAD, "Idempotency-Replayed"), Some(&b"true"[..]));
        assert_eq!(header(HEAD, "Idempotency"), None);
        assert!(body_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_key_is_written_into_its_place() {
        let mut template = Template::keyed("POST", "/v1/orders", "ohk_1", None, &json!({"a": 1}));
        let before = template.bytes.clone();
        template.rekey(&Keys::new(KeyKind::Random, 1));
        assert_eq!(before.len(), template.bytes.len());
        let text = String::from_utf8(template.bytes).unwrap();
        assert!(
            !text.contains(&"0".repeat(KEY_LENGTH))
                && text.ends_with("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"),
            "{text}"
        );
    }
}
