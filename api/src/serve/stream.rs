//! A connection that does not wait for ever for a client that reads nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Breaks when something is to be written and the other side has taken nothing of it for the patience. Silence costs
/// nothing: a stream of events that has nothing to say, or a client that thinks, is not waited for here.
pub(super) struct ReadBefore<S> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<S> ReadBefore<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, limit: None }
    }

    fn bounded(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.limit = None;
            return written;
        }
        let patience = self.patience;
        let limit = self.limit.get_or_insert_with(|| Box::pin(sleep(patience)));
        limit.as_mut().poll(context).map(|()| {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of what it is sent"))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadBefore<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadBefore<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // A socket has nothing to flush: this is ready at once and must not end the limit.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    async fn write(stream: &mut ReadBefore<DuplexStream>) -> Poll<io::Result<usize>> {
        poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_write(context, b"12345678"))).await
    }

    #[tokio::test]
    async fn every_byte_that_is_taken_begins_the_patience_anew() {
        let (near, mut far) = duplex(8);
        let mut stream = ReadBefore::new(near, Duration::from_secs(3_600));
        assert!(write(&mut stream).await.is_ready() && stream.limit.is_none(), "there is room");
        assert!(write(&mut stream).await.is_pending() && stream.limit.is_some(), "it waits for the reader");
        poll_fn(|context| Pin::new(&mut stream).poll_flush(context)).await.unwrap();
        assert!(stream.limit.is_some(), "nobody read anything");
        assert_eq!(far.read(&mut [0; 1]).await.unwrap(), 1);
        assert!(
            write(&mut stream).await.is_ready() && stream.limit.is_none(),
            "he reads slowly, but he reads"
        );
    }
}
