//! `onhand demo` and `onhand replay --via sandbox`: marketplaces, faults, and a report that must add up.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Place, errors, onhand, run};
use crate::replays::{file_of, orders};

/// Runs a demo to its end, which must be a good one.
fn demo(place: &Place, arguments: &[&str]) -> Value {
    let all = [&["demo", "--json", "--listen", "127.0.0.1:0"], arguments].concat();
    let output = place.run(&all);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}\n{told}", errors(&output));
    serde_json::from_str(&told).expect("one JSON object")
}

/// What is so after every demo, whatever went wrong in it.
fn everything_came_out_right(report: &Value) {
    assert!(report["orders"].as_u64() > Some(0), "{report}");
    assert_eq!(report["orders"], report["orders_here"], "{report}");
    for name in ["orders_lost", "orders_different", "listings_wrong"] {
        assert_eq!(report[name], serde_json::json!([]), "{name}: {report}");
    }
    assert_eq!(report["listings_checked"], 612, "{report}");
    assert_eq!(report["units_unexplained"], 0, "{report}");
    assert_eq!(report["verify"]["clean"], true, "{report}");
}

/// The facts about a fault, in one text.
fn facts(report: &Value, name: &str) -> String {
    let faults = report["faults"].as_array().expect("faults");
    let fault = faults.iter().find(|fault| fault["name"] == name).expect("the fault is listed");
    assert!(fault["times"].as_u64() > Some(0), "it struck nobody: {fault}");
    assert!(fault["lasted_s"].as_f64() > Some(1.0), "{fault}");
    let told = fault["onhand"].as_array().expect("facts").iter().filter_map(Value::as_str);
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn chaos_ends_with_every_fault_told_and_every_shop_true_sqlite() {
    let faults = "throttle,drop_webhooks,duplicate_webhooks,revoke_token";
    let chaos = ["--chaos", "--faults", faults, "--fault-seconds", "3", "--orders", "10"];
    let report = demo(&Place::sqlite(), &chaos);
    everything_came_out_right(&report);
    assert_eq!(report["faults"].as_array().map(Vec::len), Some(4), "{report}");
    let told = facts(&report, "throttle");
    assert!(told.contains("attempts put off as the marketplace said"), "{told}");
    let told = facts(&report, "drop_webhooks");
    assert!(told.contains("webhooks were lost"), "{told}");
    let told = facts(&report, "duplicate_webhooks");
    assert!(told.contains("webhooks came again and changed nothing"), "{told}");
    let told = facts(&report, "revoke_token");
    assert!(told.contains("was disconnected"), "{told}");
    assert!(told.contains("was connected"), "{told}");
}

#[test]
fn one_of_two_replicas_is_killed_and_nothing_is_lost_postgres() {
    let chaos = ["--chaos", "--faults", "kill_replica", "--fault-seconds", "3", "--orders", "10"];
    let report = demo(&Place::postgres(), &chaos);
    everything_came_out_right(&report);
    assert_eq!(report["replicas"], 2, "{report}");
    facts(&report, "kill_replica");
}

#[test]
fn without_postgresql_it_says_what_to_install() {
    let mut command = onhand();
    command.args(["demo", "--database", "postgres"]).env("ONHAND_DEMO_PG_BIN", "/nowhere");
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let text = errors(&output);
    assert!(text.contains("/nowhere holds none") && text.contains("apt-get install postgresql"), "{text}");
}

#[test]
fn a_fault_that_is_none_is_refused_before_anything_starts() {
    for (faults, expected) in
        [("earthquake", "there is no fault `earthquake`"), ("kill_replica", "needs two replicas")]
    {
        let output = run(&["demo", "--chaos", "--faults", faults]);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains(expected), "{}", errors(&output));
    }
}

#[test]
fn it_says_where_to_look_and_stops_when_it_is_told_to_sqlite() {
    let place = Place::sqlite();
    let mut command = onhand();
    command.args(["demo", "--listen", "127.0.0.1:0"]).args(place.arguments());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut seen = Vec::new();
    for line in lines.by_ref() {
        let last = line.contains("Ctrl-C stops it in good order");
        seen.push(line);
        if last {
            break;
        }
    }
    let text = seen.join("\n");
    assert!(text.contains("  API       http://127.0.0.1:") && text.contains("ohk_"), "{text}");
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(told.success());
    let rest: Vec<String> = lines.collect();
    let status = child.wait().expect("ended");
    assert!(status.success(), "{status}: {}", rest.join("\n"));
    assert!(rest.iter().any(|line| line.contains("612 of 612 show what the rule says")), "{rest:?}");
}

#[test]
fn invoices_go_through_three_marketplaces_and_every_listing_ends_true_sqlite() {
    let file = file_of(&orders(120));
    let file = file.path().display().to_string();
    let report = Place::sqlite().json(&["replay", &file, "--via", "sandbox", "--rate", "60", "--json"]);
    let number = |name: &str| report[name].as_u64().expect("a number");
    assert_eq!(number("invoices"), 120, "{report}");
    assert_eq!(number("orders_accepted"), number("orders_taken"), "{report}");
    assert!(number("orders_accepted") > 50 && number("orders_refused") > 0, "{report}");
    let markets = report["orders_by_market"].as_object().expect("by marketplace");
    assert_eq!(markets.len(), 3, "{report}");
    assert_eq!(number("listings_checked"), 3 * 23, "{report}");
    for name in ["orders_lost", "orders_different", "listings_wrong"] {
        assert_eq!(report[name], serde_json::json!([]), "{name}: {report}");
    }
    assert_eq!(number("units_unexplained"), 0, "{report}");
    assert_eq!(report["verify"]["clean"], true, "{report}");
}
