//! `onhand replay` on small files whose results are known.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::program::{Place, Server, errors, json, onhand, run};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

pub(crate) fn file_of(rows: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
    writeln!(file, "{HEADER}").expect("written");
    file.write_all(rows.as_bytes()).expect("written");
    file
}

fn row(invoice: &str, sku: &str, quantity: i64) -> String {
    format!("{invoice},{sku},\"THING, {sku}\",{quantity},2010-12-01 08:26:00,2.55,17850.0,France\n")
}

/// Invoices of every kind.
pub(crate) fn orders(invoices: u32) -> String {
    let mut text = String::new();
    for number in 0..invoices {
        let sku = |line: u32| format!("S{:02}", (number * 7 + line * 13) % 23);
        let invoice = 1_000 + number;
        let rows = match number % 10 {
            3 => row(&format!("C{invoice}"), &sku(0), -2),
            5 => row(&invoice.to_string(), &sku(0), -4),
            _ => (0..=number % 4)
                .map(|line| row(&invoice.to_string(), &sku(line), i64::from((number + line) % 9 + 1)))
                .collect(),
        };
        // Writing to a string does not fail.
        let _always_ok = write!(text, "{rows}");
    }
    text
}

/// Worked out by hand. Opening stock at 80 %: 00A 16, B 9, C 0, D 0.
fn known() -> String {
    [
        row("1", "00A", 10), // one order: 00A 15 of 16, B 2 of 9
        row("1", "B", 2),
        row("1", "00A", 5),
        row("2", "00A", 2), // refused: only one left
        row("2", "B", 3),
        row("C3", "00A", -4), // 00A 5
        row("C3", "B", 1),    // skipped
        row("1", "00A", 3),   // the number comes back: order 1~2, 00A 2
        row("1", "B", -5),    // B 2
        row("1", "B", -3),    // refused: only two left
        row("A4", "D", 1),    // skipped
        row("5", "C", 0),     // skipped
        row("6", "B", 6),     // refused
    ]
    .concat()
}

fn replays_a_known_file(place: &Place) -> Value {
    let file = file_of(&known());
    let report = place.json(&["replay", &file.path().display().to_string(), "--sequential", "--json"]);
    for (name, expected) in [
        ("invoices", 7),
        ("rows", 13),
        ("orders_accepted", 2),
        ("orders_refused", 2),
        ("units_sold", 20),
        ("units_returned", 4),
        ("units_adjusted", 5),
        ("adjustments_refused", 1),
        ("skipped_rows", 3),
        ("replayed", 0),
    ] {
        assert_eq!(report[name], expected, "{name}: {report}");
    }
    assert_eq!(report["verify"]["clean"], true, "{report}");
    // printf '00A\t2\t0\t0\t0\nB\t2\t0\t0\t0\nC\t0\t0\t0\t0\nD\t0\t0\t0\t0\n' | sha256sum
    assert_eq!(
        report["stock_digest"], "668bb513de60b495cd4c15ed5a7ef96469fad03373b17331b2f5ec5296357468",
        "{report}"
    );
    report
}

#[test]
fn a_known_file_ends_as_worked_out_sqlite() {
    replays_a_known_file(&Place::sqlite());
}

#[test]
fn a_known_file_ends_as_worked_out_postgres() {
    replays_a_known_file(&Place::postgres());
}

/// The second run finds what the first did, under the same keys.
fn a_second_run_changes_nothing(place: &Place) {
    let first = replays_a_known_file(place);
    let file = file_of(&known());
    let file = file.path().display().to_string();
    let second = place.json(&["replay", &file, "--sequential", "--json"]);
    // All but the creation of the SKUs, whose items are answered one by one.
    let requests = second["requests"].as_u64().expect("a number");
    assert_eq!(second["replayed"], requests - 1, "{second}");
    for name in ["stock_digest", "orders_accepted", "units_sold", "units_adjusted"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    let other = place.run(&["replay", &file, "--sequential", "--opening-percent", "70"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(errors(&other).contains("use a fresh one"), "{}", errors(&other));
}

#[test]
fn a_second_run_changes_nothing_sqlite() {
    a_second_run_changes_nothing(&Place::sqlite());
}

#[test]
fn a_second_run_changes_nothing_postgres() {
    a_second_run_changes_nothing(&Place::postgres());
}

#[test]
fn both_databases_end_with_the_same_stock_sqlite_postgres() {
    let file = file_of(&orders(300));
    let file = file.path().display().to_string();
    let sequential = ["replay", file.as_str(), "--sequential", "--json"];
    let sqlite = Place::sqlite().json(&sequential);
    let postgres = Place::postgres().json(&sequential);
    for name in ["stock_digest", "orders_accepted", "orders_refused", "units_sold", "adjustments_refused"] {
        assert_eq!(sqlite[name], postgres[name], "{name}");
    }
    assert!(sqlite["orders_refused"].as_u64() > Some(0), "{sqlite}");
    assert!(sqlite["adjustments_refused"].as_u64() > Some(0), "{sqlite}");
}

/// Many invoices at once, and through a server that runs already.
fn many_connections_never_oversell(place: &Place) {
    let server = Server::start(place);
    let file = file_of(&orders(300));
    let file = file.path().display().to_string();
    let output = onhand()
        .args(["replay", &file, "--connections", "32", "--json", "--url", &server.url])
        .env("ONHAND_API_KEY", server.api_key.as_deref().expect("a first key"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((&report["invoices"], &report["verify"]["clean"]), (&300.into(), &true.into()));
}

#[test]
fn many_connections_never_oversell_sqlite() {
    many_connections_never_oversell(&Place::sqlite());
}

#[test]
fn many_connections_never_oversell_postgres() {
    many_connections_never_oversell(&Place::postgres());
}

#[test]
fn an_order_of_two_thousand_lines_is_one_order_sqlite() {
    let rows: String = (0..2_000).map(|line| row("1", &format!("S{line:04}"), 1)).collect();
    let file = file_of(&rows);
    let arguments = ["replay", &file.path().display().to_string(), "--opening-percent", "100", "--json"];
    let report = Place::sqlite().json(&arguments);
    assert_eq!((&report["orders_accepted"], &report["units_sold"]), (&1.into(), &2_000.into()));
}

#[test]
fn a_bad_row_is_named_before_anything_is_sent_sqlite() {
    let file = file_of(&(row("1", "A", 1) + &row("2", "A", 1).replace(",1,", ",1.5,")));
    let output = Place::sqlite().run(&["replay", &file.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("line 3: Quantity `1.5`"), "{}", errors(&output));
}

#[test]
fn a_place_must_be_named() {
    let file = file_of(&known());
    let output = run(&["replay", &file.path().display().to_string()]);
    assert!(errors(&output).contains("--data DIR"), "{}", errors(&output));
    assert!(json(&["config", "--json"])["settings"].is_array());
}
