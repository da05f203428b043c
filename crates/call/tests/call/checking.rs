//! An answer that is checked while it passes: the body is the same, and the report comes once.
//!
//! What breaks a contract is the contract room's business; here it matters what is fed to the check.

use crate::caller::{get, on_one_thread, providers, read, upstream};
use bytes::Bytes;
use call::response;
use contract::{Contract, Report};
use demo::Provider;
use exchange::ByteCount;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::Method;
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// An operation `pet` whose answer has an integer `id`.
fn contract() -> Contract {
    let text = r#"{"openapi":"3.1.0","info":{"title":"pets","version":"1"},"paths":{"/pet":{"get":{"operationId":"pet",
        "responses":{"200":{"description":"it","content":{"application/json":{"schema":
        {"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}}}}}}}}}"#;
    Contract::read("pets.json", text.as_bytes()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    coder.write_all(bytes).unwrap();
    coder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut coder = ZlibEncoder::new(Vec::new(), Compression::default());
    coder.write_all(bytes).unwrap();
    coder.finish().unwrap()
}

#[test]
fn a_body_passes_as_it_is_and_its_report_comes_at_its_end() {
    on_one_thread(async {
        let (good, bad) = (&b"{\"id\":1}"[..], &b"{\"id\":\"one\"}"[..]);
        let bomb = gzip(&vec![b' '; 4 << 20]);
        assert!(bomb.len() < 8192);
        let contract = contract();
        let operation = contract.operation("pet").unwrap();
        for (name, coding, body, found, cut) in [
            ("good", None, good.to_vec(), 0, false),
            ("bad", None, bad.to_vec(), 1, false),
            ("good, gzip", Some("gzip"), gzip(good), 0, false),
            ("bad, gzip", Some("GZIP"), gzip(bad), 1, false),
            ("bad, deflate", Some("deflate"), deflate(bad), 1, false),
            ("not read", Some("br"), bad.to_vec(), 0, true),
            ("twice", Some("gzip, gzip"), gzip(&gzip(bad)), 0, true),
            ("damaged", Some("gzip"), gzip(bad)[..10].to_vec(), 0, true),
            ("no gzip", Some("gzip"), bad.to_vec(), 0, true),
            ("bomb", Some("gzip"), bomb, 0, true),
            // What is judged as it passes is not held, but for a token that a chunk cuts.
            ("long", None, [vec![b' '; 9000], good.to_vec()].concat(), 0, false),
            ("too long", None, [vec![b'"'], vec![b'a'; 9000]].concat(), 0, true),
            ("empty", None, Vec::new(), 1, false),
        ] {
            let sent = Bytes::from(body.clone());
            let provider = Provider::answering(move |_| {
                let mut response = http::Response::builder().header("content-type", "application/json");
                if let Some(coding) = coding {
                    response = response.header("content-encoding", coding);
                }
                response.body(sent.clone()).unwrap()
            })
            .start()
            .await;
            let reports: Rc<RefCell<Vec<Report>>> = Rc::default();
            let into = Rc::clone(&reports);
            let done = move |report| into.borrow_mut().push(report);
            let answer = providers().send(&upstream(&[provider.url()]), get("/pet")).await.unwrap();
            let (status, fields) = (answer.status, answer.fields.clone());
            let answer = response::check(answer, operation, &Method::GET, ByteCount::kib(8), done);
            assert_eq!(read(answer).await.unwrap(), body, "{name}");
            let reports = reports.take();
            let [report] = &*reports else { panic!("{name}: {} reports", reports.len()) };
            assert_eq!((report.found.len(), report.cut), (found, cut), "{name}: {report:?}");

            let held = call::operation::decode_answer(operation, status, &fields, &body, ByteCount::kib(8));
            assert_eq!((held.found.len(), held.cut), (found, cut), "{name}, held: {held:?}");
        }
    });
}

#[test]
fn a_body_that_nobody_reads_to_its_end_is_reported_as_cut() {
    on_one_thread(async {
        let contract = contract();
        let operation = contract.operation("pet").unwrap();
        let provider = Provider::raw(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"id\":1}",
        )
        .start()
        .await;
        for read_it in [true, false] {
            let reports: Rc<RefCell<Vec<Report>>> = Rc::default();
            let into = Rc::clone(&reports);
            let done = move |report| into.borrow_mut().push(report);
            let answer = providers().send(&upstream(&[provider.url()]), get("/pet")).await.unwrap();
            let answer = response::check(answer, operation, &Method::GET, ByteCount::kib(8), done);
            if read_it {
                assert!(read(answer).await.is_err());
            } else {
                drop(answer);
            }
            let reports = reports.take();
            assert!(matches!(&*reports, [report] if report.cut), "{reports:?}");
        }
    });
}

#[test]
fn an_answer_without_content_is_not_said_to_lack_it() {
    on_one_thread(async {
        let contract = contract();
        let operation = contract.operation("pet").unwrap();
        let provider =
            Provider::raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n")
                .start()
                .await;
        let reports: Rc<RefCell<Vec<Report>>> = Rc::default();
        let into = Rc::clone(&reports);
        let done = move |report| into.borrow_mut().push(report);
        let head = crate::caller::request(Method::HEAD, "/pet");
        let answer = providers().send(&upstream(&[provider.url()]), head).await.unwrap();
        let answer = response::check(answer, operation, &Method::HEAD, ByteCount::kib(8), done);
        assert!(read(answer).await.unwrap().is_empty());
        let reports = reports.take();
        assert!(matches!(&*reports, [report] if report.found.is_empty() && !report.cut), "{reports:?}");
    });
}
