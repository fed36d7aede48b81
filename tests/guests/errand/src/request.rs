//! One request by `wasi:http`, with the bare bindings.

#[cfg(target_family = "wasm")]
pub(crate) use wasi::get;

/// There is no network to ask natively.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn get(_: &str, _: Option<&str>) -> Result<String, String> {
    Err("there is no host".to_owned())
}

#[cfg(target_family = "wasm")]
mod wasi {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};
    use wasip2::io::streams::StreamError;

    const CHUNK_BYTES: u64 = 64 * 1024;

    /// Status and body; `token` goes as the bearer.
    pub(crate) fn get(url: &str, token: Option<&str>) -> Result<String, String> {
        let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let fields = Fields::new();
        if let Some(token) = token {
            fields
                .set("authorization", &[format!("Bearer {token}").into_bytes()])
                .map_err(|error| format!("{error:?}"))?;
        }
        let request = OutgoingRequest::new(fields);
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        request.set_scheme(Some(&scheme)).map_err(|()| "bad scheme")?;
        request.set_authority(Some(authority)).map_err(|()| "bad authority")?;
        request.set_path_with_query(Some(path)).map_err(|()| "bad path")?;
        let response = handle(request, None).map_err(|code| format!("{code:?}"))?;
        let answered = loop {
            match response.get() {
                Some(answered) => break answered.map_err(|()| "taken")?,
                None => response.subscribe().block(),
            }
        };
        let response = answered.map_err(|code| format!("{code:?}"))?;
        Ok(format!("{} {}", response.status(), body(&response)?))
    }

    fn body(response: &IncomingResponse) -> Result<String, String> {
        let body = response.consume().map_err(|()| "no body")?;
        let stream = body.stream().map_err(|()| "no stream")?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(CHUNK_BYTES) {
                Ok(chunk) => bytes.extend(chunk),
                Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) => return Err(format!("{error:?}")),
            }
        }
    }
}
