//! The server on a bare socket: what clients may write, and what ends a connection.

use std::net::TcpStream;

use std::io::Read as _;
use std::io::Write as _;

use super::message::Response;
use super::*;

/// Answers with what it understood: method, target, and the body's length or text.
fn echo() -> Server {
    let handler = |request: Request| match request.path.as_str() {
        "/cut" => Reply::Cut,
        "/short" => Reply::CutShort(Response::new(200).body("0123456789")),
        "/nothing" => Reply::Send(Response::new(204)),
        _ => {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let query = format!("{:?}", request.query);
            Reply::Send(Response::new(200).body(format!(
                "{} {} {query} {body}",
                request.method, request.path
            )))
        }
    };
    Server::start(handler, 100).unwrap()
}

/// Writes all of it, then reads until the server closes.
fn exchange(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn one_connection_serves_many_requests_with_bodies_of_both_kinds() {
    let answer = exchange(
        &echo(),
        "\r\nPOST /a%20b?x=1%2B1&y HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\
         PUT /c HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n2;name=value\r\nde\r\n1\r\nf\r\n0\r\nTrailer: x\r\n\r\n\
         HEAD /h HTTP/1.1\r\n\r\n\
         GET /nothing HTTP/1.1\r\n\r\n\
         GET /last HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    let wanted = "HTTP/1.1 200 OK\r\nContent-Length: 39\r\n\r\nPOST /a b [(\"x\", \"1+1\"), (\"y\", \"\")] abc\
         HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nPUT /c [] def\
         HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n\
         HTTP/1.1 204 OK\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nGET /last [] ";
    assert_eq!(answer, wanted);
}

#[test]
fn a_client_that_waits_is_told_to_go_on() {
    let server = echo();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .write_all(b"POST /e HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        .unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"x").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("POST /e [] x"), "{rest}");
}

#[test]
fn what_is_no_request_is_answered_and_ends_the_connection() {
    let server = echo();
    let long_head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    for (text, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET nowhere HTTP/1.1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "413"),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
            "413",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            "413",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nq\r\n",
            "400",
        ),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "400"),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "400",
        ),
        (long_head.as_str(), "431"),
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        // The server may be done with the connection before all of it is written.
        let _ = stream.write_all(text.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{text:.60}: {answer:?}"
        );
    }
    assert!(exchange(&server, "GET /fine HTTP/1.0\r\n\r\n").ends_with("GET /fine [] "));
}

#[test]
fn the_greeting_of_tls_is_answered_though_it_has_no_end() {
    let server = echo();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&[0x16, 3, 1, 0, 200, 1]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
}

#[test]
fn bodies_that_end_early_are_never_handed_on() {
    let server = echo();
    for text in [
        "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "POST / HTTP/1.1\r\nHost: h",
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer:?}");
    }
}

#[test]
fn lines_are_cut_as_told() {
    let server = echo();
    assert_eq!(
        exchange(
            &server,
            "GET /cut HTTP/1.1\r\n\r\nGET /after HTTP/1.1\r\n\r\n"
        ),
        ""
    );
    assert_eq!(
        exchange(&server, "GET /short HTTP/1.1\r\n\r\n")
            .split_once("\r\n\r\n")
            .unwrap()
            .1,
        "01234"
    );
}

#[test]
fn dropping_ends_idle_connections_and_frees_the_port() {
    let server = echo();
    let address = server.address();
    let mut idle = TcpStream::connect(&address).unwrap();
    idle.write_all(b"GET /x HTTP/1.1\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    drop(server);
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    assert!(TcpStream::connect(&address).is_err());
}
