//! `wasi:http`: what a request is made of, sending it, and what comes back.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions,
    Scheme,
};

use crate::Tally;

pub(crate) fn call(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    fields(tally);
    response(tally);
    options(tally);
    let unsent = request(tally);
    tally.drop("wasi:http/types outgoing-request drop", unsent);
    said.push(("http", send(tally, finish)));
    send(tally, let_go);
}

fn fields(tally: &mut Tally) {
    let fields = tally.did("wasi:http/types fields new", Fields::new());
    tally.did("wasi:http/types fields.append", fields.append("a", b"1")).unwrap();
    tally.did("wasi:http/types fields.set", fields.set("b", &[b"2".to_vec()])).unwrap();
    tally.did("wasi:http/types fields.get", fields.get("a"));
    tally.did("wasi:http/types fields.has", fields.has("a"));
    tally.did("wasi:http/types fields.delete", fields.delete("a")).unwrap();
    tally.did("wasi:http/types fields.entries", fields.entries());
    let copy = tally.did("wasi:http/types fields.clone", Fields::clone(&fields));
    let other = tally.did("wasi:http/types fields.from-list", Fields::from_list(&[])).unwrap();
    for fields in [fields, copy, other] {
        tally.drop("wasi:http/types fields drop", fields);
    }
}

/// No plugin serves requests, but it may make what it would answer.
fn response(tally: &mut Tally) {
    let fields = tally.did("wasi:http/types fields new", Fields::new());
    let response = tally.did("wasi:http/types outgoing-response new", OutgoingResponse::new(fields));
    tally.did("wasi:http/types outgoing-response.set-status-code", response.set_status_code(404)).unwrap();
    tally.did("wasi:http/types outgoing-response.status-code", response.status_code());
    let headers = tally.did("wasi:http/types outgoing-response.headers", response.headers());
    tally.drop("wasi:http/types fields drop", headers);
    let body = tally.did("wasi:http/types outgoing-response.body", response.body()).unwrap();
    tally.drop("wasi:http/types outgoing-body drop", body);
    tally.drop("wasi:http/types outgoing-response drop", response);
}

fn options(tally: &mut Tally) {
    let options = tally.did("wasi:http/types request-options new", RequestOptions::new());
    let time = Some(60_000_000_000);
    tally.did("wasi:http/types request-options.set-connect-timeout", options.set_connect_timeout(time)).unwrap();
    tally.did("wasi:http/types request-options.connect-timeout", options.connect_timeout());
    tally.did("wasi:http/types request-options.set-first-byte-timeout", options.set_first_byte_timeout(time)).unwrap();
    tally.did("wasi:http/types request-options.first-byte-timeout", options.first_byte_timeout());
    let set = options.set_between_bytes_timeout(time);
    tally.did("wasi:http/types request-options.set-between-bytes-timeout", set).unwrap();
    tally.did("wasi:http/types request-options.between-bytes-timeout", options.between_bytes_timeout());
    tally.drop("wasi:http/types request-options drop", options);
}

fn request(tally: &mut Tally) -> OutgoingRequest {
    let fields = tally.did("wasi:http/types fields new", Fields::new());
    let request = tally.did("wasi:http/types outgoing-request new", OutgoingRequest::new(fields));
    let (scheme, host) = (Scheme::Https, "api.example");
    tally.did("wasi:http/types outgoing-request.set-method", request.set_method(&Method::Post)).unwrap();
    tally.did("wasi:http/types outgoing-request.set-scheme", request.set_scheme(Some(&scheme))).unwrap();
    tally.did("wasi:http/types outgoing-request.set-authority", request.set_authority(Some(host))).unwrap();
    let path = request.set_path_with_query(Some("/a?b"));
    tally.did("wasi:http/types outgoing-request.set-path-with-query", path).unwrap();
    tally.did("wasi:http/types outgoing-request.method", request.method());
    tally.did("wasi:http/types outgoing-request.scheme", request.scheme());
    tally.did("wasi:http/types outgoing-request.authority", request.authority());
    tally.did("wasi:http/types outgoing-request.path-with-query", request.path_with_query());
    let headers = tally.did("wasi:http/types outgoing-request.headers", request.headers());
    tally.drop("wasi:http/types fields drop", headers);
    request
}

/// Sends a request and says what came back.
fn send(tally: &mut Tally, read: fn(&mut Tally, IncomingBody)) -> String {
    let request = request(tally);
    let body = tally.did("wasi:http/types outgoing-request.body", request.body()).unwrap();
    let handled = outgoing_handler::handle(request, None);
    let future = tally.did("wasi:http/outgoing-handler handle", handled).unwrap();
    let stream = tally.did("wasi:http/types outgoing-body.write", body.write()).unwrap();
    let written = stream.blocking_write_and_flush(b"hello");
    tally.did("wasi:io/streams output-stream.blocking-write-and-flush", written).unwrap();
    tally.drop("wasi:io/streams output-stream drop", stream);
    tally.did("wasi:http/types outgoing-body.finish", OutgoingBody::finish(body, None)).unwrap();
    let ready = tally.did("wasi:http/types future-incoming-response.subscribe", future.subscribe());
    tally.did("wasi:io/poll pollable.block", ready.block());
    tally.drop("wasi:io/poll pollable drop", ready);
    let answered = tally.did("wasi:http/types future-incoming-response.get", future.get());
    let answered = answered.unwrap().unwrap();
    tally.drop("wasi:http/types future-incoming-response drop", future);
    let said = format!("{:?}", answered.as_ref().map(|_| "answered"));
    if let Ok(response) = answered {
        receive(tally, response, read);
    }
    said
}

fn receive(tally: &mut Tally, response: IncomingResponse, read: fn(&mut Tally, IncomingBody)) {
    tally.did("wasi:http/types incoming-response.status", response.status());
    let headers = tally.did("wasi:http/types incoming-response.headers", response.headers());
    tally.drop("wasi:http/types fields drop", headers);
    let body = tally.did("wasi:http/types incoming-response.consume", response.consume()).unwrap();
    tally.drop("wasi:http/types incoming-response drop", response);
    read(tally, body);
}

fn finish(tally: &mut Tally, body: IncomingBody) {
    let stream = tally.did("wasi:http/types incoming-body.stream", body.stream()).unwrap();
    while tally.did("wasi:io/streams input-stream.blocking-read", stream.blocking_read(65536)).is_ok() {}
    tally.drop("wasi:io/streams input-stream drop", stream);
    let trailers = tally.did("wasi:http/types incoming-body.finish", IncomingBody::finish(body));
    let ready = tally.did("wasi:http/types future-trailers.subscribe", trailers.subscribe());
    tally.did("wasi:io/poll pollable.block", ready.block());
    tally.drop("wasi:io/poll pollable drop", ready);
    let got = tally.did("wasi:http/types future-trailers.get", trailers.get());
    assert!(matches!(got, Some(Ok(Ok(None)))), "{got:?}");
    tally.drop("wasi:http/types future-trailers drop", trailers);
}

fn let_go(tally: &mut Tally, body: IncomingBody) {
    tally.drop("wasi:http/types incoming-body drop", body);
}
