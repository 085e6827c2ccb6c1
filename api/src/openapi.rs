//! The API description, made from the handlers and completed from the table of routes: what every route of a kind has in
//! common is said once here and cannot be forgotten at one of them.

use axum::body::Bytes;
use axum::http::StatusCode;
use utoipa::ToSchema as _;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::InfoBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response,
    ResponseBuilder, ServerBuilder,
};

use crate::policy::{Access, Does, Route, find};
use crate::problem::{ALL, ProblemBody};

/// The name of the security scheme.
const SCHEME: &str = "api_key";
/// The name of the schema of problems.
const PROBLEM: &str = "Problem";

/// What stands before the routes.
const ABOUT: &str = "\
One binary that owns the stock figure: every channel sees it, nobody oversells it.

**Keys.** `Authorization: Bearer ohk_…`. Each route names the scope that it needs; `admin` includes all.

**Repeating.** Every request that changes state carries an `Idempotency-Key`: a fresh one for each new intent, the same \
one when the request is repeated. It is done once; repetitions get the first answer again, to the byte, with \
`Idempotency-Replayed: true`. An answer `outcome_unknown` means that nobody knows yet: repeat it. Keys never expire.

**Versions.** `ETag: \"v7\"` of what was read goes into `If-Match` of the change; a stale one is refused (412).

**Lists.** `limit` (1 to 200) and `cursor`, the page before's `next_cursor`. What is there for the whole walk is never \
skipped, whatever else comes and goes.

**Problems.** RFC 9457, `application/problem+json`. Decide by `code`; `errors[].pointer` is a JSON Pointer into the \
request. The catalogue is at `/problems`. JSON is strict: unknown and repeated members, fractions and numbers in quotes \
are refused.

**Tracing.** `X-Request-Id` is taken or made and always answered; it and `traceparent` go into the events that a \
request causes.";

/// The description as it is served.
pub(crate) struct Document {
    pub(crate) json: Bytes,
    pub(crate) page: Bytes,
}

impl Document {
    pub(crate) fn new(version: &str) -> Self {
        let mut document = described();
        document.info.version = version.to_owned();
        let value = serde_json::to_value(&document).unwrap_or_default();
        Self { page: crate::reference::page(&value).into(), json: value.to_string().into() }
    }
}

/// The description of every route as OpenAPI 3.1 in JSON, without a server.
#[must_use]
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&described()).unwrap_or_default();
    text.push('\n');
    text
}

/// What stands before the routes.
pub(crate) fn frontispiece() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("ohk_ and 52 characters")
        .description(Some("An API key. The first one is shown at the first start of the server."))
        .build();
    let mut components = ComponentsBuilder::new().security_scheme(SCHEME, SecurityScheme::Http(bearer));
    for status in statuses() {
        components = components.response(name_of(status), problem_response(status));
    }
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    components = components
        .schema(PROBLEM, <ProblemBody<'_> as utoipa::PartialSchema>::schema())
        .schemas_from_iter(schemas);
    let info = InfoBuilder::new().title("Onhand").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("This server")).build()]))
        .components(Some(components.build()))
        .build()
}

fn described() -> OpenApi {
    let (_, mut document) = crate::routes::all().split_for_parts();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let (Some(operation), Some(route)) = (operation.as_mut(), find(method, path)) {
                complete(operation, route);
            }
        }
    }
    flatten_changes(&mut document);
    document
}

/// A change in a bulk request is a change alone and the member `action` beside the others. The derived description puts
/// the two together by `allOf`, which nothing satisfies, because each half forbids what it does not know.
fn flatten_changes(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else { return };
    let mut changes = OneOfBuilder::new().description(Some("One change of a bulk request."));
    for (action, name) in [("adjust", "Adjustment"), ("set", "Setting"), ("count", "Count"), ("move", "Move")]
    {
        let Some(RefOr::T(Schema::Object(alone))) = components.schemas.get(name) else { continue };
        let mut change = alone.clone();
        let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([action]));
        change.properties.insert("action".to_owned(), word.build().into());
        change.required.push("action".to_owned());
        changes = changes.item(change);
    }
    components.schemas.insert("Change".to_owned(), RefOr::T(Schema::OneOf(changes.build())));
}

/// Every status that a problem can have.
fn statuses() -> Vec<StatusCode> {
    let mut statuses: Vec<StatusCode> = ALL.iter().map(|kind| kind.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn name_of(status: StatusCode) -> String {
    format!("Problem{}", status.as_u16())
}

fn problem_response(status: StatusCode) -> Response {
    let codes: Vec<String> = ALL
        .iter()
        .filter(|kind| kind.status == status)
        .map(|kind| format!("`{}`: {}", kind.code, kind.title))
        .collect();
    let mut response = ResponseBuilder::new()
        .description(codes.join("; "))
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build(),
        )
        .header("X-Request-Id", header("The id of the request", Type::String));
    if matches!(status.as_u16(), 429 | 503) {
        response = response.header("Retry-After", header("When to try again, in seconds", Type::Integer));
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let policy =
            "`\"default\"`, the requests at once (`q`) and the seconds in which they come back (`w`)";
        let state = "`\"default\"`, the requests left (`r`) and the seconds until there is one (`t`)";
        response = response
            .header("RateLimit-Policy", header(policy, Type::String))
            .header("RateLimit", header(state, Type::String));
    }
    if status == StatusCode::UNAUTHORIZED {
        response = response.header("WWW-Authenticate", header("`Bearer`", Type::String));
    }
    response.build()
}

fn header(description: &str, kind: Type) -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
        .description(Some(description))
        .build()
}

/// Adds to an operation what its line of the table says.
fn complete(operation: &mut Operation, route: &Route) {
    operation.operation_id = Some(id_of(route));
    let needs = match route.access {
        Access::Public => "Needs no key.".to_owned(),
        Access::AnyKey => "Needs a key with any scope, or a session.".to_owned(),
        Access::Person => "For the person who is signed in to the console; keys are refused.".to_owned(),
        Access::Needs(scope) => format!("Needs the scope `{}`.", scope.name()),
        Access::Metrics => "Needs the scope `admin`, unless the settings make it public.".to_owned(),
    };
    let about = operation.description.take();
    operation.description = Some(about.map_or_else(|| needs.clone(), |text| format!("{text}\n\n{needs}")));
    operation.security = Some(match route.access {
        Access::Public => Vec::new(),
        _ => vec![SecurityRequirement::new(SCHEME, Vec::<String>::new())],
    });
    parameters(operation, route);
    if let Some(RefOr::T(body)) = operation.request_body.as_mut() {
        let optional = may_be_empty(route.path);
        body.required = Some(if optional { Required::False } else { Required::True });
    }
    for status in problems_of(operation, route) {
        let name = status.to_string();
        let answer = RefOr::Ref(Ref::from_response_name(format!("Problem{status}")));
        operation.responses.responses.entry(name).or_insert(answer);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            success_headers(response, status, route);
        }
    }
}

/// Steps that mean everything when nothing is said.
fn may_be_empty(path: &str) -> bool {
    let steps = ["/confirm", "/cancel", "/ship", "/deliver", "/release", "/allocate", "/push", "/rehearsals"];
    steps.iter().any(|step| path.ends_with(step))
}

fn id_of(route: &Route) -> String {
    let words = route.path.trim_start_matches("/v1").replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    format!("{}{words}", route.method.to_lowercase())
}

fn parameters(operation: &mut Operation, route: &Route) {
    let mut more = Vec::new();
    if matches!(route.does, Does::Write | Does::Edit) {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(250))
            .pattern(Some("^[!#-~][!-~]*$"))
            .examples([serde_json::json!("0192f0c1-5b9e-7c3a-9b1e-3f1d2c4b5a69")]);
        more.push(
            ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some(
                    "A fresh value for each new intent, the same when it is repeated; bare or quoted",
                ))
                .schema(Some(key))
                .build(),
        );
    }
    if route.does == Does::Edit {
        let version = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^\"v[0-9]{1,18}\"$"))
            .examples([serde_json::json!("\"v1\"")]);
        more.push(
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("The `ETag` of what was read; a stale one is refused"))
                .schema(Some(version))
                .build(),
        );
    }
    if !more.is_empty() {
        operation.parameters.get_or_insert_default().extend(more.into_iter().map(RefOr::T));
    }
}

/// Which problems a route can have, from what it is.
fn problems_of(operation: &Operation, route: &Route) -> Vec<u16> {
    let mut found = vec![431, 500];
    let writes = matches!(route.does, Does::Write | Does::Edit);
    if writes || operation.parameters.is_some() {
        found.push(400);
    }
    if route.access != Access::Public {
        found.extend([401, 429, 503]);
    }
    if matches!(route.access, Access::Needs(_) | Access::Metrics | Access::Person) {
        found.push(403);
    }
    if ["/v1/setup", "/v1/passwords", "/v1/sessions", "/v1/sessions/by-link"].contains(&route.path)
        && route.method == "POST"
    {
        found.extend([401, 410, 422, 429, 503]);
    }
    if route.path.starts_with("/v1/rehearsals") && route.does == Does::Act {
        found.extend([404, 409, 422]);
    }
    if route.path.ends_with("/preview") && route.does == Does::Act {
        found.push(422);
    }
    if route.path.starts_with("/v1/me/") {
        found.extend([409, 422]);
    }
    if route.path == "/v1/session/proof" {
        found.extend([404, 409, 422]);
    }
    if route.path.contains('{') {
        found.push(404);
    }
    if operation.request_body.is_some() {
        found.extend([408, 413, 415]);
    }
    if writes {
        found.extend([409, 422]);
    }
    let compares = ["/v1/stock/set", "/v1/stock/bulk"].contains(&route.path);
    if route.does == Does::Edit || compares {
        found.push(412);
    }
    if compares {
        found.push(428);
    }
    found
}

fn success_headers(response: &mut Response, status: &str, route: &Route) {
    let headers = &mut response.headers;
    let mut add = |name: &str, text: &str| {
        headers.entry(name.to_owned()).or_insert_with(|| RefOr::T(header(text, Type::String)));
    };
    add("X-Request-Id", "The id of the request");
    if matches!(route.does, Does::Write | Does::Edit) && !route.path.ends_with("/bulk") {
        add("Operation-Id", "The execution; stands in its movements and events");
        add("Idempotency-Replayed", "`true` when an earlier request did it");
    }
    if status == "201" {
        add("Location", "Where it can be read");
    }
    if matches!(
        route.path,
        "/v1/orders/{id}"
            | "/v1/reservations/{id}"
            | "/v1/skus/{sku}"
            | "/v1/locations/{location}"
            | "/v1/stock/{sku}/{location}"
    ) && route.method == "GET"
    {
        add("ETag", "The version, for `If-Match`");
    }
}
