//! What only some versions write: forms and collection formats of 2.0, methods and streams of 3.2.
#![expect(clippy::expect_used, reason = "a contract that does not load fails the test")]

use contract::{Codec, Contract, FlowKind, In, Kind, Operation, SchemeKind, Style};
use serde_json::{Value, json};

fn contract(document: &Value) -> Contract {
    Contract::read("a.json", document.to_string().as_bytes()).expect("a contract")
}

fn codes(contract: &Contract) -> Vec<&'static str> {
    contract.warnings.iter().map(|one| one.code).collect()
}

fn old() -> Contract {
    contract(&json!({
        "swagger": "2.0", "info": {"title": "Acme", "version": "1"},
        "host": "api.acme.example", "basePath": "/v1/", "schemes": ["http", "https", "ws"],
        "consumes": ["application/json"], "produces": ["application/json", "text/csv"],
        "securityDefinitions": {
            "basic": {"type": "basic"},
            "key": {"type": "apiKey", "in": "query", "name": "k"},
            "code": {"type": "oauth2", "flow": "accessCode", "authorizationUrl": "https://a.example/a",
                     "tokenUrl": "https://a.example/t", "scopes": {"read": "to read"}},
            "app": {"type": "oauth2", "flow": "application", "tokenUrl": "https://a.example/t", "scopes": {}},
        },
        "parameters": {"limit": {"in": "query", "name": "limit", "type": "integer", "maximum": 5, "required": true}},
        "responses": {"gone": {"description": "gone", "schema": {"$ref": "#/definitions/Pet"}}},
        "definitions": {"Pet": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "integer"}, "tag": {"type": "string", "x-nullable": true}}}},
        "paths": {
            "/pets": {
                "parameters": [{"$ref": "#/parameters/limit"}],
                "get": {"operationId": "list", "parameters": [
                    {"in": "query", "name": "csv", "type": "array", "items": {"type": "string"}},
                    {"in": "query", "name": "ssv", "type": "array", "items": {"type": "string"}, "collectionFormat": "ssv"},
                    {"in": "query", "name": "tsv", "type": "array", "items": {"type": "string"}, "collectionFormat": "tsv"},
                    {"in": "query", "name": "pipes", "type": "array", "items": {"type": "string"}, "collectionFormat": "pipes"},
                    {"in": "query", "name": "multi", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
                    {"in": "header", "name": "X-Ids", "type": "array", "items": {"type": "integer"}},
                ], "responses": {
                    "200": {"description": "yes", "headers": {"X-Left": {"type": "integer"}},
                            "schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}},
                    "410": {"$ref": "#/responses/gone"},
                }},
                "post": {"operationId": "add", "schemes": ["https"], "parameters": [
                    {"in": "body", "name": "pet", "required": true, "schema": {"$ref": "#/definitions/Pet"}},
                ], "responses": {"201": {"description": "made"}}},
            },
            "/photos%": {"post": {"operationId": "photo", "consumes": ["multipart/form-data"],
                "produces": ["image/png"], "parameters": [
                    {"in": "formData", "name": "photo", "type": "file", "required": true},
                    {"in": "formData", "name": "tags", "type": "array", "items": {"type": "string"}, "collectionFormat": "pipes"},
                    {"in": "formData", "name": "size", "type": "integer", "maximum": 9},
                ], "responses": {"200": {"description": "a picture", "schema": {"type": "file"}}}}},
            "/login": {"post": {"operationId": "login", "parameters": [
                    {"in": "formData", "name": "user", "type": "string", "required": true},
                ], "responses": {"200": {"description": "in"}}}},
        },
    }))
}

fn operation<'c>(contract: &'c Contract, id: &str) -> &'c Operation {
    contract.operation(id).expect("it is there")
}

#[test]
fn a_document_of_2_0_says_where_it_is_served_and_who_may_call() {
    let contract = old();
    assert_eq!(codes(&contract), Vec::<&str>::new());
    let servers: Vec<_> = contract.servers.iter().map(|one| (one.url.as_str(), one.at.as_str())).collect();
    let expected =
        [("https://api.acme.example/v1", "/schemes/1"), ("http://api.acme.example/v1", "/schemes/0")];
    assert_eq!(servers, expected);
    assert_eq!(operation(&contract, "add").servers[0].url, "https://api.acme.example/v1");
    let kinds: Vec<_> = contract.schemes.iter().map(|one| (one.name.as_str(), &one.kind)).collect();
    assert_eq!(kinds[0].1, &SchemeKind::Basic);
    assert_eq!(kinds[1].1, &SchemeKind::ApiKey { place: In::Query, name: "k".to_owned() });
    for (index, kind) in [(2, FlowKind::AuthorizationCode), (3, FlowKind::ClientCredentials)] {
        let SchemeKind::OAuth2(flows) = kinds[index].1 else { unreachable!("{kinds:?}") };
        assert_eq!(flows.iter().map(|one| one.kind).collect::<Vec<_>>(), [kind]);
        assert_eq!(flows[0].token_url.as_deref(), Some("https://a.example/t"));
    }
}

#[test]
fn a_collection_format_is_a_style() {
    let contract = old();
    let list = operation(&contract, "list");
    let found: Vec<_> =
        list.parameters.iter().map(|one| (one.name.as_str(), one.style, one.explode)).collect();
    let expected = [
        ("csv", Style::Form, false),
        ("ssv", Style::SpaceDelimited, false),
        ("tsv", Style::TabDelimited, false),
        ("pipes", Style::PipeDelimited, false),
        ("multi", Style::Form, true),
        ("X-Ids", Style::Simple, false),
        ("limit", Style::Form, false),
    ];
    assert_eq!(found, expected);
    let limit = &list.parameters[6];
    assert!(limit.required && limit.shape.kind() == Kind::Integer);
    let wrong = limit.shape.check(&json!(9));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].rule.as_str(), "/parameters/limit/maximum");
}

#[test]
fn bodies_and_answers_of_2_0_have_media_types_and_shapes() {
    let contract = old();
    let list = operation(&contract, "list");
    let media: Vec<_> = list.outputs[0].bodies.iter().map(|one| (one.media.as_str(), one.codec)).collect();
    assert_eq!(media, [("application/json", Codec::Json), ("text/csv", Codec::Text)]);
    assert_eq!(list.outputs[0].fields[0].shape.kind(), Kind::Integer);
    assert_eq!(list.outputs[1].bodies[0].shape.check(&json!({"id": 1, "tag": null})), []);
    assert_eq!(list.outputs[1].bodies[0].shape.check(&json!({"tag": 1})).len(), 2);
    let add = operation(&contract, "add");
    assert!(add.input_required && add.input[0].media == "application/json");
    assert_eq!(add.input[0].shape.members().len(), 2);
}

#[test]
fn a_form_of_2_0_is_an_object_whose_members_stand_where_they_are_declared() {
    let contract = old();
    let photo = operation(&contract, "photo");
    let form = &photo.input[0];
    assert_eq!((form.media.as_str(), form.codec), ("multipart/form-data", Codec::Multipart));
    let members: Vec<_> =
        form.shape.members().iter().map(|one| (one.name.as_str(), one.required, one.shape.kind())).collect();
    let expected =
        [("photo", true, Kind::String), ("tags", false, Kind::Array), ("size", false, Kind::Integer)];
    assert_eq!(members, expected);
    let wrong = form.shape.check(&json!({"photo": "x", "size": 10}));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    let rule = wrong[0].rule.clone();
    assert_eq!(rule.as_str(), "/paths/~1photos%/post/parameters/2/maximum");
    assert!(contract.stand(&rule).is_some());
    let style = form.parts.iter().find(|part| part.name == "tags").and_then(|part| part.style);
    assert_eq!(style, Some((Style::PipeDelimited, false, false)));
    assert_eq!(photo.outputs[0].bodies[0].codec, Codec::Opaque);
    let login = operation(&contract, "login");
    assert_eq!(login.input[0].codec, Codec::Form);
}

#[test]
fn a_document_of_3_2_has_any_method_streams_and_whole_queries() {
    let contract = contract(&json!({
        "openapi": "3.2.0", "$self": "https://acme.example/api.json", "info": {"title": "Acme", "version": "1"},
        "tags": [{"name": "b", "parent": "a"}],
        "components": {"securitySchemes": {"device": {"type": "oauth2", "flows": {"deviceAuthorization": {
            "deviceAuthorizationUrl": "https://a.example/d", "tokenUrl": "https://a.example/t", "scopes": {}}}}}},
        "paths": {"/a": {
            "query": {"operationId": "find", "parameters": [{"in": "querystring", "name": "q", "content": {
                "application/json": {"schema": {"type": "object"}}}}],
                "responses": {"200": {"description": "yes", "content": {"application/x-ndjson": {
                    "itemSchema": {"type": "integer"}}}}}},
            "additionalOperations": {
                "COPY": {"operationId": "copy", "responses": {}},
                "QUERY": {"operationId": "again", "responses": {}},
                "no method": {"responses": {}},
            },
        }},
    }));
    assert_eq!(codes(&contract), ["duplicate-method", "method"]);
    let methods: Vec<_> = contract.operations.iter().map(|one| one.method().as_str()).collect();
    assert_eq!(methods, ["QUERY", "COPY"]);
    let find = operation(&contract, "find");
    let whole = &find.parameters[0];
    assert_eq!((whole.style, whole.place, whole.content), (Style::Whole, In::Query, Some(Codec::Json)));
    let items = find.outputs[0].bodies[0].items.as_ref().expect("items");
    assert_eq!(items.kind(), Kind::Integer);
    let SchemeKind::OAuth2(flows) = &contract.schemes[0].kind else { unreachable!() };
    assert_eq!(flows[0].device_url.as_deref(), Some("https://a.example/d"));
}

#[test]
fn what_a_paths_key_fixes_is_sent_and_tells_operations_apart() {
    use contract::{Value as Given, Values, encode};
    use http::HeaderMap;
    let target = |only: &str| json!({"name": "X-Amz-Target", "in": "header", "required": true, "schema": {"type": "string", "enum": [only]}});
    let operation = |id: &str, parameters: Value| json!({"get": {"operationId": id, "parameters": parameters, "responses": {}}});
    let number = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "integer"}});
    let contract = contract(&json!({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {
        "/rest?method=photos.list": operation("photos", json!([number("page"), {"name": "method", "in": "query", "required": true, "schema": {"type": "string"}}])),
        "/rest?method=people.list&format=a%20b": operation("people", json!([number("page")])),
        "/rest": operation("rest", json!([])),
        "/b?acl": operation("acl", json!([])),
        "/b#tags": operation("tags", json!([{"name": "tags", "in": "query", "required": true, "schema": {"type": "boolean", "enum": [true]}}])),
        "/#X-Amz-Target=Orders.List": operation("target", json!([target("Orders.List")])),
        "/c#onlyAName": operation("named", json!([])),
        "/d{?page,size}": operation("expanded", json!([number("page")])),
    }}));
    assert_eq!(codes(&contract), Vec::<&str>::new());
    let sent = |id: &str, values: &[(In, &str, &str)]| {
        let values = values
            .iter()
            .map(|(place, name, text)| (*place, (*name).to_owned(), Given::Text((*text).to_owned())));
        let request = encode(operation_of(&contract, id), &Values(values.collect()));
        request.map(|request| {
            let target =
                request.fields.get("x-amz-target").map(|value| format!("{value:?}")).unwrap_or_default();
            format!("{}?{}{target}", request.path, request.query.unwrap_or_default())
        })
    };
    for (id, values, expected) in [
        ("photos", &[(In::Query, "page", "2")][..], "/rest?method=photos.list&page=2"),
        ("photos", &[(In::Query, "method", "photos.list")], "/rest?method=photos.list"),
        ("people", &[], "/rest?format=a%20b&method=people.list"),
        ("rest", &[], "/rest?"),
        ("acl", &[], "/b?acl"),
        ("tags", &[], "/b?tags=true"),
        ("target", &[], "/?\"Orders.List\""),
        ("named", &[], "/c?"),
        ("expanded", &[(In::Query, "page", "3")], "/d?page=3"),
    ] {
        assert_eq!(sent(id, values).as_deref(), Ok(expected), "{id}");
    }
    let wrong = sent("photos", &[(In::Query, "method", "people.list")]).expect_err("the key says another");
    assert_eq!((wrong[0].code, wrong[0].name.as_str()), ("fixed", "method"));
    let has = |id: &str, query: &str| operation_of(&contract, id).has_fixed(Some(query), &HeaderMap::new());
    assert!(
        has("photos", "page=1&method=photos.list")
            && !has("photos", "method=people.list")
            && !has("photos", "")
    );
    assert!(has("people", "method=people.list&format=a+b") && !has("people", "method=people.list"));
    assert!(has("acl", "acl") && has("acl", "acl=") && !has("acl", "tags"));
    assert!(has("rest", "whatever"));
}

fn operation_of<'c>(contract: &'c Contract, id: &str) -> &'c Operation {
    contract.operation(id).expect(id)
}

#[test]
fn the_query_as_a_whole_is_written_and_read() {
    use contract::{Head, Value as Given, Values, decode, encode};
    use http::HeaderMap;
    let operation = |content: Value| {
        let contract =
            contract(&json!({"openapi": "3.2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {
            "query": {"operationId": "q", "responses": {}},
            "additionalOperations": {"COPY": {"operationId": "c", "responses": {}}},
            "get": {"operationId": "w", "responses": {}, "parameters": [
                {"name": "all", "in": "querystring", "required": true, "content": content}]}}}}));
        assert_eq!(codes(&contract), Vec::<&str>::new());
        contract
    };
    let schema = json!({"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer", "maximum": 9}, "tags": {"type": "array", "items": {"type": "string"}}, "deep": {"type": "object"}}});
    for (media, value, query) in [
        (
            "application/json",
            json!({"n": 5, "tags": ["a b"]}),
            "%7B%22n%22%3A5%2C%22tags%22%3A%5B%22a%20b%22%5D%7D",
        ),
        (
            "application/x-www-form-urlencoded",
            json!({"n": 5, "tags": ["a b", "c&d"]}),
            "n=5&tags=a%20b&tags=c%26d",
        ),
        ("text/plain", json!("a=b c"), "a%3Db%20c"),
    ] {
        let schema = if media == "text/plain" { json!({"type": "string"}) } else { schema.clone() };
        let contract = operation(json!({media: {"schema": schema}}));
        let operation = operation_of(&contract, "w");
        let values = Values(vec![(In::Query, "all".to_owned(), Given::Json(value.clone()))]);
        let request = encode(operation, &values).expect("a request");
        assert_eq!(request.query.as_deref(), Some(query), "{media}");
        let fields = HeaderMap::new();
        let head = |query| Head { method: operation.method(), path: "/a", query, fields: &fields };
        let read = decode(operation, &head(Some(query)), None).expect("values");
        assert_eq!(read.get(In::Query, "all"), Some(&Given::Json(value)), "{media}");
        let found = |query| {
            let (found, _) = contract::check_head(operation, &head(query));
            found.iter().map(|one| (one.code, one.place())).collect::<Vec<_>>()
        };
        assert_eq!(found(Some(query)), []);
        assert_eq!(found(None), [("required", "query parameter all".to_owned())], "{media}");
        if media == "application/x-www-form-urlencoded" {
            assert_eq!(found(Some("n=12")), [("maximum", "query parameter all/n".to_owned())]);
        }
    }
    let contract = operation(json!({"application/json": {}}));
    assert_eq!(operation_of(&contract, "q").method().as_str(), "QUERY");
    assert_eq!(operation_of(&contract, "c").method().as_str(), "COPY");
}
