//! One request through `wasi:http`.

/// What came of a request.
pub(crate) struct Answer {
    /// Status, headers and body, or the error.
    pub(crate) text: String,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
}

#[cfg(target_family = "wasm")]
pub(crate) use component::send;

#[cfg(not(target_family = "wasm"))]
pub(crate) fn send(request: &crate::Request) -> Answer {
    std::hint::black_box((&request.url, &request.headers, &request.body));
    Answer { text: "there is no network".to_owned(), location: None }
}

#[cfg(target_family = "wasm")]
mod component {
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme};
    use wasip2::io::streams::StreamError;

    use super::Answer;
    use crate::Request;

    pub(crate) fn send(request: &Request) -> Answer {
        match exchange(request) {
            Ok(response) => read(&response),
            Err(error) => Answer { text: format!("error: {error}"), location: None },
        }
    }

    fn exchange(request: &Request) -> Result<IncomingResponse, String> {
        let fields = Fields::new();
        for (name, value) in &request.headers {
            fields.append(name, value.as_bytes()).map_err(|error| format!("{name}: {error:?}"))?;
        }
        let outgoing = OutgoingRequest::new(fields);
        let (scheme, rest) = request.url.split_once("://").ok_or("no URL")?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
        let method = if request.body.is_empty() { Method::Get } else { Method::Post };
        let set = outgoing
            .set_scheme(Some(&scheme))
            .and_then(|()| outgoing.set_authority(Some(authority)))
            .and_then(|()| outgoing.set_path_with_query(Some(path)))
            .and_then(|()| outgoing.set_method(&method));
        set.map_err(|()| "no request".to_owned())?;
        let body = outgoing.body().map_err(|()| "no body".to_owned())?;
        let future = outgoing_handler::handle(outgoing, None).map_err(|error| format!("{error:?}"))?;
        write(body, request.body.as_bytes())?;
        future.subscribe().block();
        let answered = future.get().ok_or("not ready")?.map_err(|()| "taken")?;
        answered.map_err(|error| format!("{error:?}"))
    }

    fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), String> {
        let stream = body.write().map_err(|()| "no stream".to_owned())?;
        for piece in bytes.chunks(4096) {
            stream.blocking_write_and_flush(piece).map_err(|error| format!("{error:?}"))?;
        }
        drop(stream);
        OutgoingBody::finish(body, None).map_err(|error| format!("{error:?}"))
    }

    fn read(response: &IncomingResponse) -> Answer {
        let mut text = format!("{}", response.status());
        let mut location = None;
        for (name, value) in response.headers().entries() {
            let value = String::from_utf8_lossy(&value).into_owned();
            text.push_str(&format!(" {name}: {value};"));
            if name == "location" {
                location = Some(value);
            }
        }
        let mut bytes = Vec::new();
        if let Ok(body) = response.consume()
            && let Ok(stream) = body.stream()
        {
            loop {
                match stream.blocking_read(64 * 1024) {
                    Ok(piece) => bytes.extend(piece),
                    Err(StreamError::Closed) => break,
                    Err(error) => {
                        text.push_str(&format!(" cut: {error:?}"));
                        break;
                    }
                }
            }
        }
        text.push_str(&String::from_utf8_lossy(&bytes));
        Answer { text, location }
    }
}
