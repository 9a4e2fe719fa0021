//! Answers that no good server gives: silence in the middle, a byte at a time, a body without an end.
//!
//! A client must live with each of them in bounded time and memory. What is merely cut stands in `http_message`.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::message::Response;

/// Sends the answer and more in one piece, as one who would have the rest taken for the next answer.
pub(super) fn trail(
    response: &Response,
    bytes: &[u8],
    writer: &mut impl Write,
    is_head: bool,
) -> io::Result<()> {
    let mut whole = Vec::new();
    response.write_to(&mut whole, is_head, false)?;
    whole.extend_from_slice(bytes);
    writer.write_all(&whole)?;
    writer.flush()
}

/// Sends half, then waits for the client to leave.
pub(super) fn stall(
    response: &Response,
    writer: &mut impl Write,
    reader: &mut impl Read,
) -> io::Result<()> {
    response.write_half_to(writer)?;
    io::copy(reader, &mut io::sink()).map(drop)
}

/// Sends the body so slowly that the line is never silent, and hardly ever done.
pub(super) fn drip(
    response: &Response,
    pause: Duration,
    writer: &mut impl Write,
    is_last: bool,
) -> io::Result<()> {
    response.write_head(writer, is_last)?;
    writer.flush()?;
    for byte in response.body.iter() {
        std::thread::sleep(pause);
        writer.write_all(&[*byte])?;
        writer.flush()?;
    }
    Ok(())
}

/// Sends the body as one chunk after another. It ends with the line: there is no last chunk.
pub(super) fn endless(
    response: &Response,
    writer: &mut impl Write,
    sent: &AtomicU64,
) -> io::Result<()> {
    writer
        .write_all(format!("{}Transfer-Encoding: chunked\r\n\r\n", response.head()).as_bytes())?;
    let chunk = [
        format!("{:x}\r\n", response.body.len()).as_bytes(),
        &response.body,
        b"\r\n",
    ]
    .concat();
    // A chunk of no bytes would be the end.
    while !response.body.is_empty() {
        writer.write_all(&chunk)?;
        sent.fetch_add(response.body.len() as u64, Ordering::SeqCst);
    }
    Ok(())
}
