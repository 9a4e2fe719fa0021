//! A small HTTP/1.1 server on 127.0.0.1 for the stand-in services: one thread a connection, kept alive, bodies bounded.
//!
//! It knows nothing of registries or forges; they are [`Handler`]s. It does no TLS, no HTTP/2 and no compression,
//! and it listens on the loopback alone. What it takes in is read whole before the handler sees it, so that a line
//! that is cut "before the effect" is cut after the client has said everything.

pub mod message;
mod misbehave;

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use std::io::Write as _;

use message::{Incoming, read_request};
pub use message::{Reply, Request, Response};

/// What a stand-in service does with a request. It is called from many threads at once.
pub trait Handler: Send + Sync + 'static {
    fn handle(&self, request: Request) -> Reply;

    /// Is told of a request of whose body a part alone arrived; nobody waits for an answer.
    fn cut(&self, _request: &Request) {}
}

impl<F: Fn(Request) -> Reply + Send + Sync + 'static> Handler for F {
    fn handle(&self, request: Request) -> Reply {
        self(request)
    }
}

/// A running server; dropping it ends every connection and thread it started.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    stopping: AtomicBool,
    connections: Mutex<Connections>,
    body_bytes_max: u64,
    /// Bytes of bodies without an end.
    endless_bytes: AtomicU64,
}

#[derive(Default)]
struct Connections {
    next: u64,
    /// A second handle on each open connection, to end its thread's wait for the next request.
    open: HashMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1. Requests with a body of more than `body_bytes_max` are answered 413.
    ///
    /// # Errors
    /// When the loopback cannot be listened on, or no thread can be started.
    pub fn start(handler: impl Handler, body_bytes_max: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let connections = Mutex::new(Connections::default());
        let shared = Arc::new(Shared {
            stopping: AtomicBool::new(false),
            connections,
            body_bytes_max,
            endless_bytes: AtomicU64::new(0),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            let handler = Arc::new(handler);
            thread::Builder::new().spawn(move || accept(&listener, &shared, &handler))?
        };
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many connections were opened so far; a client that keeps them opens few.
    pub fn connections(&self) -> u64 {
        self.shared.lock().next
    }

    /// How many bytes of [`Reply::Endless`] were taken by clients, or by the buffers on the way to them.
    pub fn endless_bytes(&self) -> u64 {
        self.shared.endless_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            // `accept` has no time limit: connections wake it until it has seen the flag.
            while !acceptor.is_finished() {
                drop(TcpStream::connect(self.address));
                thread::yield_now();
            }
            // A thread that panicked has cut its connection, and its client has said so; nothing is left to report.
            let _ = acceptor.join();
        }
        let threads = {
            let mut connections = self.shared.lock();
            for stream in connections.open.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
            std::mem::take(&mut connections.threads)
        };
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The connections, also after a handler panicked: the table itself is never left half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, handler: &Arc<impl Handler>) {
    while !shared.stopping.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) if !shared.stopping.load(Ordering::SeqCst) => {
                // Without a second handle or a thread the connection is closed, and the client sees a cut line.
                let _ = start_connection(stream, shared, handler);
            }
            Ok(_) => {}
            // Out of file handles, most likely: asking again at once would only burn the processor.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn start_connection(
    stream: TcpStream,
    shared: &Arc<Shared>,
    handler: &Arc<impl Handler>,
) -> io::Result<()> {
    // Answers are written in two parts, and a kept-alive client waits for both.
    stream.set_nodelay(true)?;
    let second = stream.try_clone()?;
    let mut connections = shared.lock();
    let id = connections.next;
    connections.next += 1;
    connections.threads.retain(|thread| !thread.is_finished());
    let theirs = Arc::clone(shared);
    let handler = Arc::clone(handler);
    let thread = thread::Builder::new().spawn(move || {
        let _closing = Closing {
            shared: &theirs,
            id,
        };
        // A line the client cut ends the connection; there is nobody left to tell.
        let _ = serve(stream, &theirs, &*handler);
    })?;
    connections.open.insert(id, second);
    connections.threads.push(thread);
    Ok(())
}

/// Ends a connection however its thread ends: the second handle would otherwise keep the line open.
struct Closing<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if let Some(stream) = self.shared.lock().open.remove(&self.id) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Answers the requests of one connection, in order, until either side has had enough.
fn serve(stream: TcpStream, shared: &Shared, handler: &impl Handler) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let request = match read_request(&mut reader, &mut writer, shared.body_bytes_max)? {
            Incoming::Request(request) => request,
            Incoming::End => return Ok(()),
            // Where the next request begins is no longer known, so this is the last answer.
            Incoming::Cut(request, response) => {
                handler.cut(&request);
                return response.write_to(&mut writer, false, true);
            }
            Incoming::Refused(response) => return response.write_to(&mut writer, false, true),
        };
        let is_head = request.method == "HEAD";
        let is_last = request.is_last;
        match handler.handle(request) {
            Reply::Send(response) => response.write_to(&mut writer, is_head, is_last)?,
            Reply::Cut => return Ok(()),
            Reply::CutShort(response) => return response.write_half_to(&mut writer),
            Reply::Trail(response, bytes) => {
                misbehave::trail(&response, &bytes, &mut writer, is_head)?
            }
            Reply::Raw(bytes) => return writer.write_all(&bytes),
            Reply::Stall(response) => {
                return misbehave::stall(&response, &mut writer, &mut reader);
            }
            Reply::Drip(response, pause) => {
                misbehave::drip(&response, pause, &mut writer, is_last)?
            }
            Reply::Endless(response) => {
                return misbehave::endless(&response, &mut writer, &shared.endless_bytes);
            }
        }
        if is_last {
            return writer.flush();
        }
    }
}

#[cfg(test)]
mod tests;
