//! Requests and answers of the stand-in services, as bytes on a line: heads, `Content-Length`, chunks.
//!
//! Not a general HTTP library: what a stand-in has no use for (trailers, upgrades, ranges of bodies) is refused or dropped.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use std::io::Read as _;

use percent_encoding::percent_decode_str;

/// The longest head of a request, in bytes; docker's tokens make heads of some kilobytes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// The most header lines of a request.
const HEADERS_MAX: usize = 100;

/// A request, its body read whole.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// The path with its percent-escapes resolved; it begins with `/`.
    pub path: String,
    /// The path and the query as they were sent.
    pub target: String,
    /// Name and value, resolved, in the order they were sent.
    pub query: Vec<(String, String)>,
    /// Name and value, in the order they were sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the client wants the connection closed after the answer.
    pub is_last: bool,
}

impl Request {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// Every header of this name, whatever its case.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    Send(Response),
    /// Closes the connection without a word.
    Cut,
    /// Closes the connection in the middle of the body that was promised.
    CutShort(Response),
    /// Writes these bytes as they are, head and all, and closes the connection.
    Raw(Vec<u8>),
    /// Sends the answer and these bytes behind it, which nobody asked for, and keeps the connection.
    Trail(Response, Vec<u8>),
    /// Sends the head and half of the body, and is silent until the client leaves.
    Stall(Response),
    /// Sends the body one byte at a time, with this pause before each.
    Drip(Response, Duration),
    /// Sends the body again and again, as chunks without an end, until the client leaves.
    Endless(Response),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// `Content-Length` is written without being listed here.
    pub headers: Vec<(String, String)>,
    /// Shared, so that a large stored object is not copied for every reader.
    pub body: Arc<Vec<u8>>,
}

impl Response {
    /// An answer without headers or body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Arc::default(),
        }
    }

    /// An answer that is a JSON document.
    pub fn json(status: u16, document: &serde_json::Value) -> Self {
        Self::new(status)
            .with("Content-Type", "application/json")
            .body(document.to_string())
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Arc::new(body.into()),
            ..self
        }
    }

    /// Writes the answer; to a `HEAD` the body's length alone.
    pub(super) fn write_to(
        &self,
        writer: &mut impl Write,
        is_head: bool,
        is_last: bool,
    ) -> io::Result<()> {
        self.write_head(writer, is_last)?;
        if !is_head {
            writer.write_all(&self.body)?;
        }
        writer.flush()
    }

    /// Writes the head that promises the body, and half of the body.
    pub(super) fn write_half_to(&self, writer: &mut impl Write) -> io::Result<()> {
        self.write_head(writer, true)?;
        writer.write_all(&self.body[..self.body.len() / 2])?;
        writer.flush()
    }

    /// The answer as bytes for [`Reply::Raw`], with these lines in place of the true `Content-Length`.
    pub fn raw(&self, instead: &str) -> Vec<u8> {
        [
            format!("{}{instead}\r\n\r\n", self.head()).as_bytes(),
            &self.body,
        ]
        .concat()
    }

    /// Status line and headers, without the length and the empty line.
    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    pub(super) fn write_head(&self, writer: &mut impl Write, is_last: bool) -> io::Result<()> {
        let mut head = self.head();
        // RFC 9110 forbids the length in a 204, and some clients then wait for a body.
        if self.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        if is_last {
            head.push_str("Connection: close\r\n");
        }
        head.push_str("\r\n");
        writer.write_all(head.as_bytes())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=399 => "Elsewhere",
        400..=499 => "Refused",
        _ => "Failed",
    }
}

/// What came in on a connection.
pub(super) enum Incoming {
    Request(Request),
    /// The client closed the connection between two requests.
    End,
    /// Its body is not as its head said, or too large: what arrived of it, and what would be answered.
    Cut(Request, Response),
    /// It was no request, or one that is too large.
    Refused(Response),
}

/// A body that cannot be taken: the status, and why.
struct BadBody(u16, String);

impl From<io::Error> for BadBody {
    fn from(error: io::Error) -> Self {
        Self(400, format!("the body ended early: {error}"))
    }
}

/// Reads one request. The writer is there for `100 Continue`, which the client may wait for.
pub(super) fn read_request(
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    body_bytes_max: u64,
) -> io::Result<Incoming> {
    let refuse = |status, why: String| Ok(Incoming::Refused(Response::new(status).body(why)));
    // Engines try TLS first, on this machine too, and then wait ten seconds for an answer to their greeting. It holds
    // no line end, so it must be known by its first byte.
    if reader
        .fill_buf()?
        .first()
        .is_some_and(|byte| !byte.is_ascii_alphabetic() && !byte.is_ascii_whitespace())
    {
        return refuse(400, "no HTTP request; there is no TLS here".to_owned());
    }
    let head = match read_head(reader)? {
        Some(head) if head.ends_with(b"\n") => head,
        Some(head) if head.is_empty() => return Ok(Incoming::End),
        _ => {
            return refuse(
                431,
                format!("the head ended early, or is over {HEAD_BYTES_MAX} bytes"),
            );
        }
    };
    let mut request = match parse_head(&head) {
        Ok(request) => request,
        Err(why) => return refuse(400, why),
    };
    if request
        .header("Expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        writer.flush()?;
    }
    let mut body = Vec::new();
    let read = read_body(reader, &request, body_bytes_max, &mut body);
    request.body = body;
    Ok(match read {
        Ok(()) => Incoming::Request(request),
        Err(BadBody(status, why)) => Incoming::Cut(request, Response::new(status).body(why)),
    })
}

/// Everything up to the empty line. Empty when the line was closed first; `None` when it grew too long.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut bounded = reader.take(HEAD_BYTES_MAX);
    loop {
        let start = head.len();
        if bounded.read_until(b'\n', &mut head)? == 0 {
            return Ok(if bounded.limit() == 0 {
                None
            } else {
                Some(head).filter(Vec::is_empty)
            });
        }
        match &head[start..] {
            // An empty line before a request is to be overlooked (RFC 9112, 2.2).
            b"\r\n" | b"\n" if start == 0 => head.clear(),
            b"\r\n" | b"\n" => return Ok(Some(head)),
            _ => {}
        }
    }
}

fn parse_head(head: &[u8]) -> Result<Request, String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed
        .parse(head)
        .map_err(|error| format!("no HTTP request: {error}"))?;
    let target = parsed.path.unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    if !path.starts_with('/') {
        return Err(format!("the target {target:?} does not begin with /"));
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: percent_decode(path),
        query: parse_form(query),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), text(header.value)))
            .collect(),
        ..Request::default()
    };
    let asks_to_close = request
        .header("Connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"));
    request.is_last = asks_to_close || parsed.version != Some(1);
    request.target = target;
    Ok(request)
}

/// Reads `a=b&c=d`, escapes resolved: a query, or the body of a form.
pub fn parse_form(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode(&part.replace('+', " "));
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Resolves `%XX`; a `%` without two digits behind it stands for itself.
pub fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn read_body(
    reader: &mut impl BufRead,
    request: &Request,
    bytes_max: u64,
    body: &mut Vec<u8>,
) -> Result<(), BadBody> {
    match (
        request.header("Transfer-Encoding"),
        request.header("Content-Length"),
    ) {
        (None, None) => {}
        (None, Some(length)) => {
            let length = length
                .parse()
                .map_err(|_| BadBody(400, format!("Content-Length {length:?} is no number")))?;
            read_exactly(reader, length, bytes_max, body)?;
        }
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => loop {
            let line = read_line(reader)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16)
                .map_err(|_| BadBody(400, format!("{size:?} is no chunk size")))?;
            if size == 0 {
                while !read_line(reader)?.is_empty() {}
                break;
            }
            read_exactly(reader, size, bytes_max, body)?;
            if !read_line(reader)?.is_empty() {
                return Err(BadBody(400, "a chunk is longer than it said".to_owned()));
            }
        },
        // Both at once is how one request is smuggled behind another.
        (Some(coding), _) => {
            return Err(BadBody(
                400,
                format!("Transfer-Encoding {coding:?} is not taken here"),
            ));
        }
    }
    Ok(())
}

fn read_exactly(
    reader: &mut impl BufRead,
    length: u64,
    bytes_max: u64,
    body: &mut Vec<u8>,
) -> Result<(), BadBody> {
    if length > bytes_max.saturating_sub(body.len() as u64) {
        return Err(BadBody(413, format!("the body is over {bytes_max} bytes")));
    }
    // The length is only believed as far as bytes arrive: nothing is reserved for what is merely promised.
    match reader.take(length).read_to_end(body)? as u64 {
        read if read == length => Ok(()),
        read => Err(BadBody(
            400,
            format!("the body ended early: {read} of {length} bytes"),
        )),
    }
}

/// One line without its end; at most as long as a head.
fn read_line(reader: &mut impl BufRead) -> Result<String, BadBody> {
    let mut line = Vec::new();
    reader.take(HEAD_BYTES_MAX).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\n") {
        Some(line) => {
            Ok(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
        }
        None => Err(BadBody(400, "the body ended early".to_owned())),
    }
}
