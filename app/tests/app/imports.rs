//! `onhand import` and `export` on files as they come out of spreadsheets.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::program::{Place, errors, text};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app/golden").join(name)
}

fn file_of(text: &str) -> NamedTempFile {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    file
}

fn path_of(file: &NamedTempFile) -> String {
    file.path().display().to_string()
}

/// Read, created, changed, the same, failed.
fn rows(report: &Value) -> [u64; 5] {
    assert_eq!(report["adds_up"], true, "{report}");
    ["read", "created", "changed", "same", "failed"]
        .map(|name| report["rows"][name].as_u64().expect("a number"))
}

/// Name and `on_hand` of a SKU, as an export shows them.
fn exported(place: &Place) -> Vec<(String, String, String)> {
    let output = place.run(&["export", "--raw"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let records = reader.records().map(|record| {
        let record = record.expect("a record");
        let cell = |index: usize| record.get(index).expect("a cell").to_owned();
        (cell(0), cell(1), cell(3))
    });
    records.collect()
}

fn imports_as(name: &str, format: &str, expected: &[(&str, &str, &str)]) {
    let place = Place::sqlite();
    let file = golden(name).display().to_string();
    let count = expected.len() as u64;
    let dry = place.json(&["import", &file, "--dry-run", "--json"]);
    assert_eq!(rows(&dry), [count, count, 0, 0, 0], "{dry}");
    assert!(exported(&place).is_empty(), "a dry run changes nothing");
    let first = place.json(&["import", &file, "--json"]);
    assert_eq!(first["format"], format);
    assert_eq!(rows(&first), [count, count, 0, 0, 0], "{first}");
    let second = place.json(&["import", &file, "--json"]);
    assert_eq!(rows(&second), [count, 0, 0, count, 0], "the same file again: {second}");
    let own = |(sku, name, on_hand): &(&str, &str, &str)| {
        ((*sku).to_owned(), (*name).to_owned(), (*on_hand).to_owned())
    };
    assert_eq!(exported(&place), expected.iter().map(own).collect::<Vec<_>>());
    round_trip_changes_nothing(&place, count);
}

/// Marked and raw.
fn round_trip_changes_nothing(place: &Place, count: u64) {
    for flags in [&[][..], &["--raw"][..]] {
        let out = tempfile::tempdir().expect("a directory");
        let file = out.path().join("export.csv").display().to_string();
        let export: Vec<&str> = ["export", &file].into_iter().chain(flags.iter().copied()).collect();
        assert!(place.run(&export).status.success());
        let import = ["import", &file, "--json"];
        let import: Vec<&str> = import.into_iter().chain(flags.iter().copied()).collect();
        let report = place.json(&import);
        assert_eq!(rows(&report), [count, 0, 0, count, 0], "{report}");
    }
}

#[test]
fn utf_8_with_a_mark_and_semicolons_sqlite() {
    imports_as(
        "bom-semicolon.csv",
        "UTF-8, separated by `;`",
        &[("00123", "Bücher", "7"), ("123", "Zwei; mit \"Zeichen\"", "")],
    );
}

#[test]
fn utf_16_with_tabs_sqlite() {
    imports_as("utf-16.csv", "UTF-16LE, separated by tab", &[("00123", "Łódź ☃", "7")]);
}

#[test]
fn windows_1252_sqlite() {
    imports_as("windows-1252.csv", "windows-1252, separated by `,`", &[("00123", "Café € 5, groß", "7")]);
}

#[test]
fn quotes_line_breaks_and_formulas_sqlite() {
    imports_as(
        "quotes.csv",
        "UTF-8, separated by `,`",
        &[("=SUM", "@mention", "4"), ("A,1", "Size 5\" pipe\nof two lines", "3"), ("it's", "'t Hooft", "5")],
    );
}

#[test]
fn one_row_without_a_last_line_break_sqlite() {
    imports_as("one-row.csv", "UTF-8, separated by `,`", &[("00123", "00123", "7")]);
}

#[test]
fn a_sheet_with_numbers_sqlite() {
    imports_as(
        "numbers.xlsx",
        "XLSX, sheet `Stock`",
        &[("00123", "As text", "7"), ("4711", "As number", "12"), ("X-1", "X-1", "")],
    );
}

#[test]
fn bundles_limits_and_changes_come_and_go_postgres() {
    let place = Place::postgres();
    let first = file_of(
        "sku,name,on_hand,backorder_limit,components,archived\n\
         SET,A set,,,A*2+B*1,\n\
         A,Part,10,5,,\n\
         B,Part,4,,,\n\
         OLD,Gone,1,,,true\n",
    );
    let report = place.json(&["import", &path_of(&first), "--json"]);
    assert_eq!(rows(&report), [4, 4, 0, 0, 0], "{report}");
    round_trip_changes_nothing(&place, 4);
    let second = file_of("sku,name,on_hand,components\nA,Better part,9,\nB,,4,\nSET,,,A*2+B*2\n");
    let report = place.json(&["import", &path_of(&second), "--json"]);
    assert_eq!(rows(&report), [3, 0, 2, 1, 0], "{report}");
    let exported = text(&place.run(&["export"]));
    assert!(exported.contains("\nA,Better part,main,9,0,0,0,9,5,,false\n"), "{exported}");
    assert!(exported.contains("\nSET,A set,,,,,,,0,A*2+B*2,false\n"), "{exported}");
    assert!(exported.contains("\nOLD,Gone,main,1,0,0,0,1,0,,true\n"), "{exported}");
}

#[test]
fn bad_rows_fail_alone_and_are_written_with_a_reason_sqlite() {
    let place = Place::sqlite();
    let file = file_of(
        "sku,name,on_hand,location,components\n\
         A,Good,1,,\n\
         ,No code,1,,\n\
         B,Bad figure,many,,\n\
         C,No such place,1,moon,\n\
         D,Good,2,main,\n\
         A,Another name,,main,\n\
         E,No such part,,,NOTHING*2\n\
         F,Too many cells,1,,,,\n",
    );
    let out = tempfile::tempdir().expect("a directory");
    let failed = out.path().join("failed.csv");
    let arguments = ["import", &path_of(&file), "--json", "--failed", &failed.display().to_string()];
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(rows(&report), [8, 2, 0, 0, 6], "{report}");
    let written = std::fs::read_to_string(&failed).expect("the failed rows");
    for part in [
        "sku,name,on_hand,location,components,reason\n",
        "sku must not be empty",
        "on_hand `many`",
        "no location",
        "names this SKU and location already",
        "NOTHING",
        "7 cells instead of 5",
    ] {
        assert!(written.contains(part), "`{part}` is not in\n{written}");
    }
    assert_eq!(written.lines().count(), 7);
    let clean = place.run(&["verify"]);
    assert!(clean.status.success());
}

#[test]
fn thousands_of_rows_all_arrive_sqlite() {
    let mut rows_of = String::from("sku,name,on_hand\n");
    for number in 0..2_260 {
        // Writing to a string does not fail.
        let _always_ok = writeln!(rows_of, "{number:05},Thing {number},{}", number % 7);
    }
    let place = Place::sqlite();
    let file = file_of(&rows_of);
    let report = place.json(&["import", &path_of(&file), "--json"]);
    assert_eq!(rows(&report), [2_260, 2_260, 0, 0, 0], "{report}");
    assert_eq!(exported(&place).len(), 2_260);
    assert_eq!(rows(&place.json(&["import", &path_of(&file), "--json"])), [2_260, 0, 0, 2_260, 0]);
}

#[test]
fn a_misspelt_column_is_refused_sqlite() {
    let file = file_of("sku,on-hand\nA,1\n");
    let place = Place::sqlite();
    let output = place.run(&["import", &path_of(&file)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("`on-hand` is not known"), "{}", errors(&output));
    let lenient = place.json(&["import", &path_of(&file), "--ignore-unknown-columns", "--json"]);
    assert_eq!(lenient["ignored_columns"], serde_json::json!(["on-hand"]));
}
