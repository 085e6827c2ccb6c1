//! The API description as a page to read, made once at the start. It holds no script at all and nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// The page's style, served beside it so that the content policy can forbid everything inline.
pub(crate) const STYLE: &str = include_str!("reference.css");

/// How deep examples go.
const DEPTH: usize = 6;

/// A text inside HTML.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// A text with the two marks that descriptions use: `code` and **weight**.
struct Marked<'a>(&'a str);

impl std::fmt::Display for Marked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, part) in self.0.split('`').enumerate() {
            if number % 2 == 1 {
                write!(f, "<code>{}</code>", Escaped(part))?;
                continue;
            }
            for (number, part) in part.split("**").enumerate() {
                let weighty = number % 2 == 1;
                let (open, close) = if weighty { ("<strong>", "</strong>") } else { ("", "") };
                write!(f, "{open}{}{close}", Escaped(part))?;
            }
        }
        Ok(())
    }
}

/// Parts of the API that a reader looks for last.
const LAST: [&str; 2] = ["health", "docs"];

/// One operation of the description.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_default()
    }

    fn tag(&self) -> &str {
        self.value["tags"][0].as_str().unwrap_or("other")
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.value["parameters"].as_array().into_iter().flatten()
    }
}

/// The whole page.
pub(crate) fn page(document: &Value) -> String {
    let mut out = String::with_capacity(128 * 1024);
    let title = document["info"]["title"].as_str().unwrap_or_default();
    let version = document["info"]["version"].as_str().unwrap_or_default();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    put(
        &mut out,
        format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{0} API</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>\
             <header><h1>{0} API <small>{1}</small></h1>\
             <p><a href=\"/openapi.json\">openapi.json</a> · <a href=\"/problems\">problems</a></p></header>",
            Escaped(title),
            Escaped(version)
        ),
    );
    let operations = operations(document);
    let mut tags: Vec<&str> = Vec::new();
    for operation in &operations {
        if !tags.contains(&operation.tag()) {
            tags.push(operation.tag());
        }
    }
    tags.sort_by_key(|tag| LAST.iter().position(|last| last == tag).map_or(0, |place| place + 1));
    contents(&mut out, &tags, &operations);
    out.push_str("<main><section>");
    for paragraph in about.split("\n\n") {
        put(&mut out, format_args!("<p>{}</p>", Marked(paragraph)));
    }
    out.push_str("</section>");
    for tag in tags {
        put(&mut out, format_args!("<h2>{}</h2>", Escaped(tag)));
        for operation in operations.iter().filter(|operation| operation.tag() == tag) {
            section(&mut out, operation, document);
        }
    }
    out.push_str("</main></body></html>\n");
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _always_ok = out.write_fmt(text);
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object();
    paths
        .into_iter()
        .flatten()
        .flat_map(|(path, item)| {
            let methods = ["get", "post", "patch", "delete"].into_iter();
            methods.filter_map(move |method| item.get(method).map(|value| Operation { method, path, value }))
        })
        .collect()
}

fn contents(out: &mut String, tags: &[&str], operations: &[Operation<'_>]) {
    out.push_str("<nav>");
    for tag in tags {
        put(out, format_args!("<h3>{}</h3><ul>", Escaped(tag)));
        for operation in operations.iter().filter(|operation| operation.tag() == *tag) {
            put(
                out,
                format_args!(
                    "<li><a href=\"#{}\"><b>{}</b> {}</a></li>",
                    Escaped(operation.text("operationId")),
                    operation.method.to_uppercase(),
                    Escaped(operation.path)
                ),
            );
        }
        out.push_str("</ul>");
    }
    out.push_str("</nav>");
}

fn section(out: &mut String, operation: &Operation<'_>, document: &Value) {
    put(
        out,
        format_args!(
            "<article id=\"{}\"><h3><b class=\"{}\">{}</b> <code>{}</code></h3><p>{}</p>",
            Escaped(operation.text("operationId")),
            operation.method,
            operation.method.to_uppercase(),
            Escaped(operation.path),
            Marked(operation.text("summary"))
        ),
    );
    for paragraph in operation.text("description").split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        put(out, format_args!("<p class=\"more\">{}</p>", Marked(paragraph)));
    }
    if operation.parameters().next().is_some() {
        out.push_str("<table><tr><th>parameter</th><th>in</th><th>meaning</th></tr>");
        for parameter in operation.parameters() {
            put(
                out,
                format_args!(
                    "<tr><td><code>{}</code></td><td>{}{}</td><td>{}</td></tr>",
                    Escaped(parameter["name"].as_str().unwrap_or_default()),
                    Escaped(parameter["in"].as_str().unwrap_or_default()),
                    if parameter["required"] == true { ", required" } else { "" },
                    Marked(parameter["description"].as_str().unwrap_or_default())
                ),
            );
        }
        out.push_str("</table>");
    }
    put(out, format_args!("<pre>{}</pre>", Escaped(&curl(operation, document))));
    answers(out, operation, document);
    out.push_str("</article>");
}

/// A line to try.
fn curl(operation: &Operation<'_>, document: &Value) -> String {
    let mut line = String::from("curl");
    if operation.method != "get" {
        put(&mut line, format_args!(" -X {}", operation.method.to_uppercase()));
    }
    put(&mut line, format_args!(" \"$ONHAND{}\"", operation.path));
    if operation.value["security"].as_array().is_some_and(|needs| !needs.is_empty()) {
        line.push_str(" \\\n  -H \"Authorization: Bearer $KEY\"");
    }
    if operation.parameters().any(|parameter| parameter["name"] == "Idempotency-Key") {
        line.push_str(" \\\n  -H \"Idempotency-Key: $(uuidgen)\"");
    }
    if let Some(schema) = operation.value["requestBody"]["content"]["application/json"].get("schema") {
        let body = example(schema, document, DEPTH);
        put(&mut line, format_args!(" \\\n  --json '{}'", body.to_string().replace('\'', "'\\''")));
    }
    line
}

fn answers(out: &mut String, operation: &Operation<'_>, document: &Value) {
    out.push_str("<table><tr><th>status</th><th>answer</th></tr>");
    let responses = operation.value["responses"].as_object();
    for (status, response) in responses.into_iter().flatten() {
        let response = resolve(response, document);
        let text = response["description"].as_str().unwrap_or_default();
        put(out, format_args!("<tr><td>{}</td><td>{}", Escaped(status), Marked(text)));
        let schema = response["content"]["application/json"].get("schema");
        if let Some(schema) = schema.filter(|_| status.starts_with('2')) {
            let value = example(schema, document, DEPTH);
            // Of a schema that says nothing there is nothing to show.
            if !value.is_null() {
                let text = serde_json::to_string_pretty(&value).unwrap_or_default();
                put(out, format_args!("<pre>{}</pre>", Escaped(&text)));
            }
        }
        out.push_str("</td></tr>");
    }
    out.push_str("</table>");
}

/// What a `$ref` points at.
fn resolve<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    target.and_then(|path| document.pointer(path)).unwrap_or(value)
}

/// A value that a schema allows, made of its own examples.
pub(crate) fn example(schema: &Value, document: &Value, depth: usize) -> Value {
    let schema = resolve(schema, document);
    if let Some(value) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
        return value.clone();
    }
    if let Some(value) = schema.pointer("/enum/0") {
        return value.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = example(part, document, depth - 1) {
                whole.extend(members);
            }
        }
        return Value::Object(whole);
    }
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    if let Some(choice) = choices.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        return example(choice, document, depth - 1);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match kinds.first().copied().unwrap_or_default() {
        "object" => members(schema, document, depth),
        "array" => json!([example(&schema["items"], document, depth - 1)]),
        "integer" | "number" => {
            schema.get("minimum").filter(|n| n.as_i64() > Some(0)).cloned().unwrap_or(json!(1))
        }
        "boolean" => json!(false),
        "string" => json!("text"),
        _ => Value::Null,
    }
}

/// The members that must be there.
fn members(schema: &Value, document: &Value, depth: usize) -> Value {
    let required = schema["required"].as_array();
    let needed = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let properties = schema["properties"].as_object();
    let chosen = properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| needed(name))
        .map(|(name, part)| (name.clone(), example(part, document, depth - 1)))
        .collect();
    Value::Object(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_shown_and_nothing_else_is_let_through() {
        let text = "**Keys.** Send `<a> **b**` & wait";
        let shown = "<strong>Keys.</strong> Send <code>&lt;a&gt; **b**</code> &amp; wait";
        assert_eq!(Marked(text).to_string(), shown);
    }

    #[test]
    fn what_a_reader_looks_for_last_comes_last_and_nothing_is_shown_as_null() {
        let page = page(&serde_json::from_str(&crate::openapi()).unwrap());
        let place = |tag: &str| page.find(&format!("<h2>{tag}</h2>")).unwrap();
        assert!(place("orders") < place("health") && place("health") < place("docs"));
        assert!(!page.contains("<pre>null</pre>"));
    }
}
