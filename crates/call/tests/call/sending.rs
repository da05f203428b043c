//! What goes out and what comes back, where all is well.

use crate::caller::{get, json, on_one_thread, post, providers, read, request, upstream};
use call::{OutBody, Outgoing};
use contract::{Chunk, Contract, In, Source, Value, Values};
use demo::Provider;
use http::{Method, StatusCode};

#[test]
fn a_request_arrives_as_it_was_meant() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let upstream = upstream(&[format!("{}/v1/", provider.url())]);
        let mut outgoing = post("/orders?a=1&a=2&b=%20", "{}");
        outgoing.fields.insert("content-type", "application/json".parse().unwrap());
        let answer = providers().send(&upstream, outgoing).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!((answer.sent.attempts, answer.sent.reused), (1, false));
        assert_eq!(answer.sent.server, upstream.servers[0]);
        let seen = json(answer).await;
        assert_eq!(seen["method"], "POST");
        assert_eq!(seen["target"], "/v1/orders?a=1&a=2&b=%20");
        assert_eq!(seen["body"], "{}");
        let mut fields: Vec<_> = seen["fields"].as_array().unwrap().iter().map(ToString::to_string).collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                r#"["content-length","2"]"#.to_owned(),
                r#"["content-type","application/json"]"#.to_owned(),
                format!(r#"["host","{}"]"#, provider.address()),
            ]
        );
    });
}

#[test]
fn a_host_that_was_given_is_kept() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let mut outgoing = get("/");
        outgoing.fields.insert("host", "weather.example".parse().unwrap());
        let answer = providers().send(&upstream(&[provider.url()]), outgoing).await.unwrap();
        let (line, fields) = answer.sent.head.clone().unwrap();
        assert_eq!((line.as_str(), &fields["host"]), ("GET / HTTP/1.1", &"weather.example".parse().unwrap()));
        assert_eq!(provider.requests()[0].field("host"), Some("weather.example"));
    });
}

#[test]
fn answers_without_a_body_end_with_their_head_and_free_the_connection() {
    on_one_thread(async {
        for (method, code) in [
            (Method::HEAD, 200),
            (Method::GET, 204),
            (Method::GET, 304),
            (Method::HEAD, 404),
            (Method::POST, 205),
        ] {
            let provider = Provider::status(code).start().await;
            let (providers, upstream) = (providers(), upstream(&[provider.url()]));
            for reused in [false, true] {
                let answer = providers.send(&upstream, request(method.clone(), "/")).await.unwrap();
                assert_eq!((answer.status.as_u16(), answer.sent.reused), (code, reused), "{method} {code}");
                assert!(code == 205 || http_body::Body::is_end_stream(&answer.body), "{method} {code}");
                let body = read(answer).await.unwrap();
                assert!(code == 205 || body.is_empty(), "{method} {code}");
            }
            assert_eq!(provider.connections(), 1, "{method} {code}");
        }
    });
}

#[test]
fn fields_of_the_connection_stay_on_it() {
    on_one_thread(async {
        let provider = Provider::raw(
            "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
             X-End: 2\r\nContent-Length: 2\r\n\r\nok",
        )
        .start()
        .await;
        let answer = providers().send(&upstream(&[provider.url()]), get("/")).await.unwrap();
        let mut names: Vec<_> = answer.fields.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "x-end"]);
        assert_eq!(read(answer).await.unwrap(), "ok");
    });
}

#[test]
fn early_hints_do_not_stand_for_the_answer() {
    on_one_thread(async {
        let provider = Provider::raw(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        )
        .start()
        .await;
        let answer = providers().send(&upstream(&[provider.url()]), get("/")).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(read(answer).await.unwrap(), "ok");
    });
}

#[test]
fn servers_are_taken_in_turn() {
    on_one_thread(async {
        let (first, second) = (Provider::echo().start().await, Provider::echo().start().await);
        let (providers, upstream) = (providers(), upstream(&[first.url(), second.url()]));
        for _ in 0..6 {
            read(providers.send(&upstream, get("/")).await.unwrap()).await.unwrap();
        }
        assert_eq!((first.calls(), second.calls()), (3, 3));
        assert_eq!((first.connections(), second.connections()), (1, 1));
    });
}

#[test]
fn a_request_that_cannot_be_sent_is_our_fault() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let error = providers()
            .send(&upstream(&[provider.url()]), Outgoing { path: "/a b".to_owned(), ..get("/") })
            .await
            .unwrap_err();
        assert_eq!((error.kind, provider.calls()), (call::ErrorKind::Unusable, 0));
    });
}

/// The stretches of a payload as a body; files hold what they are called.
fn opened(chunks: Vec<Chunk>) -> OutBody {
    let frames = chunks.into_iter().map(|chunk| {
        let bytes = match chunk {
            Chunk::Held(bytes) => bytes,
            Chunk::Later(source) => format!("content of {}", source.name).into(),
        };
        Ok(http_body::Frame::data(bytes))
    });
    let frames: Vec<Result<_, call::BodyError>> = frames.collect();
    OutBody::Stream(Box::pin(http_body_util::StreamBody::new(futures_util::stream::iter(frames))))
}

#[test]
fn files_of_a_payload_are_sent_as_whoever_opens_them_gives_them() {
    let text = r#"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {
        "/form": {"post": {"operationId": "form", "requestBody": {"content": {"multipart/form-data": {"schema":
            {"type": "object", "properties": {"note": {"type": "string"}, "photo": {"type": "string", "format": "binary"}}}}}},
            "responses": {"200": {"description": "ok"}}}},
        "/whole": {"post": {"operationId": "whole", "requestBody": {"content": {"image/png": {}}},
            "responses": {"200": {"description": "ok"}}}}}}"#;
    let contract = Contract::read("a.json", text.as_bytes()).unwrap();
    let file = || Value::Later(Source { name: "a.png".to_owned(), media: None, shown: None });
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let upstream = upstream(&[provider.url()]);
        for (id, name) in [("form", "photo"), ("whole", "")] {
            let mut values = Values::default();
            if id == "form" {
                values.push(In::Body, "note", Value::Text("hello".to_owned()));
            }
            values.push(In::Body, name, file());
            let outgoing =
                call::operation::outgoing(contract.operation(id).unwrap(), &values, opened).unwrap();
            let seen = json(providers().send(&upstream, outgoing).await.unwrap()).await;
            let body = seen["body"].as_str().unwrap();
            assert!(body.contains("content of a.png"), "{id}: {body}");
            assert_eq!(body.contains("hello"), id == "form", "{body}");
        }
    });
}
