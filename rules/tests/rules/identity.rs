//! People, links, sessions, second factors: who may do what to whom, and what ends what. And the audit log.

use std::collections::BTreeMap;

use onhand_rules::access::{USE_NOTED_MS, key_use_key};
use onhand_rules::audit::{AuditNote, HEAD, chain};
use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::commands::NoteKeyUse;
use onhand_rules::commands::identity::{
    ChangeFactor, ChangePassword, CloseSessions, CreateUser, FactorStep, FirstOwner, MakeLink, OpenSession,
    ProveSession, TakeTry, UpdateUser, UseLink,
};
use onhand_rules::identity::{
    LINK_MS, PROOF_MS, Role, SESSION_IDLE_MS, SESSION_MAX_MS, Session, User, email_of, session_key, user_key,
};
use onhand_rules::working::Counters;
use onhand_rules::{
    ApiKeyId, Command, Context, EventBody, Needs, OpId, PrincipalId, Receipt, Refusal, Setting, Tracked,
    UserId, Working,
};

/// A house with settings and a counter, which is all that people need.
struct House {
    now: i64,
    rows: BTreeMap<String, Setting>,
    counters: Counters,
    events: Vec<EventBody>,
}

impl House {
    fn new() -> Self {
        Self { now: 1_000_000, rows: BTreeMap::new(), counters: Counters::default(), events: Vec::new() }
    }

    fn run(&mut self, command: impl Into<Command>) -> Result<Receipt, Refusal> {
        self.run_noted(command, None)
    }

    fn run_noted(
        &mut self,
        command: impl Into<Command>,
        note: Option<AuditNote>,
    ) -> Result<Receipt, Refusal> {
        let command = command.into();
        let mut working = Working::default();
        for _ in 0..ROUNDS_MAX {
            let mut needs = Needs::default();
            command.needs(&working, &mut needs);
            needs.sync.settings.insert(HEAD.to_owned());
            let missing = working.missing(&needs);
            for key in missing.sync.settings {
                let row = Tracked::loaded(self.rows.get(&key).cloned());
                working.sync.settings.insert(key, row);
            }
            if missing.counters {
                working.counters = Some(Tracked::loaded(Some(self.counters)));
            }
        }
        let context = Context { now: self.now, op: OpId(1), actor: PrincipalId(1), trace: None };
        let mut scope = working.scope();
        let decided = command.decide(&mut scope, &context);
        match &decided {
            Ok(_) => {
                if let Some(note) = &note {
                    scope.record_audit(&context, note);
                }
                scope.accept();
            }
            Err(_) => drop(scope),
        }
        assert!(working.unasked.is_empty(), "{command:?} read without asking: {:?}", working.unasked);
        if let Some(counters) = working.counters.as_ref().and_then(|row| row.now) {
            self.counters = counters;
        }
        self.events.extend(working.events.iter().map(|event| event.body.clone()));
        for (key, row) in working.into_changes(PrincipalId::SYSTEM).sync.settings {
            match row.now {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        decided
    }

    fn user(&self, id: u128) -> &User {
        match &self.rows[&user_key(UserId(id))] {
            Setting::User(user) => user,
            other => panic!("{other:?}"),
        }
    }

    fn session(&self, id: u128, hash: &str) -> Option<&Session> {
        match self.rows.get(&session_key(UserId(id), hash)) {
            Some(Setting::Session(session)) => Some(session),
            _ => None,
        }
    }

    fn is_in(&self, id: u128, hash: &str) -> bool {
        self.session(id, hash).is_some_and(|session| session.is_live(self.user(id), self.now))
    }

    fn owner() -> Self {
        let mut house = Self::new();
        house.run(link("setup", None, Role::Owner)).unwrap();
        house.run(first(1, "setup")).unwrap();
        house
    }

    fn with(role: Role) -> Self {
        let mut house = Self::owner();
        house.run(new(2, "two@x.example", role, Role::Owner)).unwrap();
        house
    }
}

fn link(hash: &str, user: Option<u128>, by: Role) -> MakeLink {
    MakeLink { hash: hash.into(), user: user.map(UserId), enter: false, by }
}

fn first(id: u128, link: &str) -> FirstOwner {
    FirstOwner {
        link: link.into(),
        id: UserId(id),
        email: format!("owner{id}@x.example"),
        name: "O".into(),
        password: "hash".into(),
    }
}

fn new(id: u128, email: &str, role: Role, by: Role) -> CreateUser {
    CreateUser { id: UserId(id), email: email.into(), name: "N".into(), role, by }
}

fn open(id: u128, hash: &str) -> OpenSession {
    OpenSession {
        user: UserId(id),
        hash: hash.into(),
        agent: "browser".into(),
        email: "x@x.example".into(),
        rehashed: None,
        over: Vec::new(),
    }
}

fn update(id: u128, by: Role) -> UpdateUser {
    UpdateUser { id: UserId(id), name: None, role: None, disabled: None, by, version: None }
}

#[test]
fn s6_the_first_owner_comes_by_a_link_once() {
    let mut house = House::new();
    assert_eq!(house.run(first(1, "no such link")), Err(Refusal::LinkSpent));
    house.run(link("one", None, Role::Owner)).unwrap();
    house.run(link("two", None, Role::Owner)).unwrap();
    house.run(first(1, "one")).unwrap();
    assert_eq!(house.user(1).role, Role::Owner);
    assert_eq!(house.run(first(2, "one")), Err(Refusal::LinkSpent), "used");
    assert_eq!(house.run(first(2, "two")), Err(Refusal::LinkSpent), "there is an owner");
    assert_eq!(house.run(link("three", None, Role::Owner)), Err(Refusal::LinkSpent), "there is an owner");
}

#[test]
fn s6_a_link_ends_after_an_hour_and_is_good_for_one_thing() {
    let mut house = House::new();
    house.run(link("late", None, Role::Owner)).unwrap();
    house.now += LINK_MS;
    assert_eq!(house.run(first(1, "late")), Err(Refusal::LinkSpent));

    let mut house = House::with(Role::Viewer);
    house.run(link("reset", Some(2), Role::Admin)).unwrap();
    assert_eq!(house.run(first(3, "reset")), Err(Refusal::LinkSpent), "a reset makes no owner");
    let enter = UseLink { hash: "reset".into(), password: None };
    assert_eq!(house.run(enter), Err(Refusal::LinkSpent), "a reset lets nobody in without a password");
    let set = UseLink { hash: "reset".into(), password: Some("new".into()) };
    house.run(set.clone()).unwrap();
    assert_eq!(house.user(2).password.as_deref(), Some("new"));
    assert_eq!(house.run(set), Err(Refusal::LinkSpent));
    house.run(MakeLink { enter: true, ..link("in", Some(2), Role::Owner) }).unwrap();
    let wrong = UseLink { hash: "in".into(), password: Some("stolen".into()) };
    assert_eq!(house.run(wrong), Err(Refusal::LinkSpent), "a link to enter sets no password");
    house.run(UseLink { hash: "in".into(), password: None }).unwrap();
    assert_eq!(house.user(2).password.as_deref(), Some("new"));
}

#[test]
fn only_owners_touch_owners_and_the_last_one_stays() {
    let mut house = House::with(Role::Admin);
    for by in Role::ALL.iter().copied().filter(|by| *by != Role::Owner) {
        assert_eq!(house.run(new(9, "nine@x.example", Role::Owner, by)), Err(Refusal::OwnersOnly), "{by:?}");
        let promote = UpdateUser { role: Some(Role::Owner), ..update(2, by) };
        assert_eq!(house.run(promote), Err(Refusal::OwnersOnly), "{by:?}");
        let demote = UpdateUser { role: Some(Role::Viewer), ..update(1, by) };
        assert_eq!(house.run(demote), Err(Refusal::OwnersOnly), "{by:?}");
        assert_eq!(
            house.run(link("l", Some(1), by)),
            Err(Refusal::OwnersOnly),
            "{by:?} sets an owner's password"
        );
    }
    let demote = UpdateUser { role: Some(Role::Admin), ..update(1, Role::Owner) };
    assert_eq!(house.run(demote.clone()), Err(Refusal::LastOwner));
    let disable = UpdateUser { disabled: Some(true), ..update(1, Role::Owner) };
    assert_eq!(house.run(disable.clone()), Err(Refusal::LastOwner));
    house.run(UpdateUser { role: Some(Role::Owner), ..update(2, Role::Owner) }).unwrap();
    house.run(disable).unwrap();
    let last = UpdateUser { role: Some(Role::Viewer), ..update(2, Role::Owner) };
    assert_eq!(house.run(last), Err(Refusal::LastOwner), "a disabled owner is none");
}

#[test]
fn an_address_has_one_person_and_a_stale_version_changes_nothing() {
    let mut house = House::with(Role::Viewer);
    let taken = new(3, "two@x.example", Role::Viewer, Role::Admin);
    assert_eq!(house.run(taken), Err(Refusal::EmailTaken { email: "two@x.example".into() }));
    let version = house.user(2).version;
    let stale = UpdateUser { name: Some("M".into()), version: Some(version + 1), ..update(2, Role::Admin) };
    assert!(matches!(house.run(stale), Err(Refusal::StaleVersion { .. })));
    let principal = house.user(2).principal;
    assert_ne!(principal, house.user(1).principal, "each person acts as themselves");
}

#[test]
fn s7_what_ends_sessions() {
    let mut house = House::with(Role::Operator);
    house.run(open(2, "a")).unwrap();
    house.run(open(2, "b")).unwrap();
    assert!(house.is_in(2, "a") && house.is_in(2, "b"));
    let (one, other) = (session_key(UserId(2), "a"), session_key(UserId(2), "b"));
    house.run(ChangePassword { user: UserId(2), password: "p".into(), keep: one.clone() }).unwrap();
    assert!(house.is_in(2, "a") && !house.is_in(2, "b"), "the one that changed the password goes on");
    house.run(CloseSessions { user: UserId(1), keys: vec![one.clone()] }).unwrap();
    assert!(house.is_in(2, "a"), "nobody closes another's session");
    house.run(CloseSessions { user: UserId(2), keys: vec![one] }).unwrap();
    assert!(!house.is_in(2, "a"));
    house.run(OpenSession { over: vec![other.clone()], ..open(2, "c") }).unwrap();
    assert!(!house.rows.contains_key(&other), "sessions that are over are forgotten");
    for change in [
        UpdateUser { role: Some(Role::Viewer), ..update(2, Role::Admin) },
        UpdateUser { disabled: Some(true), ..update(2, Role::Admin) },
    ] {
        let mut house = House::with(Role::Operator);
        house.run(open(2, "d")).unwrap();
        house.run(change).unwrap();
        assert!(!house.is_in(2, "d"));
    }
    let mut house = House::with(Role::Operator);
    house.run(open(2, "e")).unwrap();
    house.run(UpdateUser { name: Some("Other".into()), ..update(2, Role::Admin) }).unwrap();
    assert!(house.is_in(2, "e"), "another name is no reason");
    house.now += SESSION_IDLE_MS;
    assert!(!house.is_in(2, "e"), "idle");
    let session = Session { seen_at: house.now + SESSION_MAX_MS, ..house.session(2, "e").unwrap().clone() };
    assert!(!session.is_live(house.user(2), session.opened_at + SESSION_MAX_MS), "however busy");
}

#[test]
fn s7_who_was_kept_out_meanwhile_does_not_get_in() {
    let mut house = House::with(Role::Operator);
    house.run(UpdateUser { disabled: Some(true), ..update(2, Role::Admin) }).unwrap();
    assert!(matches!(house.run(open(2, "a")), Err(Refusal::NotFound { .. })));
}

#[test]
fn s4_five_tries_are_free_then_waiting_doubles_up_to_a_minute_and_nobody_is_locked_out() {
    let mut house = House::owner();
    let try_it = || TakeTry { email: "x@x.example".into() };
    let mut waits = Vec::new();
    for _ in 0..16 {
        while let Err(Refusal::TooManyTries { wait_ms }) = house.run(try_it()) {
            waits.push(wait_ms);
            house.now += wait_ms;
        }
    }
    let told: Vec<i64> = [1_i64, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60].iter().map(|s| s * 1_000).collect();
    assert_eq!(waits, told);
    house.now += 60_000;
    house.run(try_it()).unwrap();
    house.run(open(1, "in")).unwrap();
    house.run(try_it()).unwrap();
    house.run(try_it()).unwrap();
}

#[test]
fn s9_a_code_is_good_once_and_a_factor_is_not_replaced_behind_its_back() {
    let mut house = House::with(Role::Admin);
    let step = |step| ChangeFactor { user: UserId(2), step };
    let sealed = || FactorStep::Begin { sealed: "s".into() };
    let used = |step| FactorStep::Use { step };
    assert_eq!(house.run(step(used(10))), Err(Refusal::WrongCode), "none was begun");
    house.run(step(sealed())).unwrap();
    house.run(step(sealed())).unwrap();
    house.run(step(FactorStep::Confirm { step: 10, recovery: vec!["r".into()] })).unwrap();
    assert_eq!(house.run(step(sealed())), Err(Refusal::WrongCode), "remove it first");
    assert_eq!(house.run(step(used(10))), Err(Refusal::WrongCode), "the confirming code was used");
    house.run(step(used(11))).unwrap();
    assert_eq!(house.run(step(used(11))), Err(Refusal::WrongCode));
    let recover = || FactorStep::Recover { hash: "r".into() };
    house.run(step(recover())).unwrap();
    assert_eq!(house.run(step(recover())), Err(Refusal::WrongCode), "used");
    house.run(step(FactorStep::Remove)).unwrap();
    assert_eq!(house.user(2).factor, None);
}

#[test]
fn s9_a_proof_is_good_for_a_quarter_of_an_hour_in_the_session_that_saw_it() {
    let mut house = House::with(Role::Admin);
    house.run(open(2, "a")).unwrap();
    house.run(open(2, "b")).unwrap();
    let proved = |house: &House, hash: &str| house.session(2, hash).unwrap().is_proved(house.now);
    assert!(proved(&house, "a"), "a sign-in is one");
    house.now += PROOF_MS;
    assert!(!proved(&house, "a"));
    let prove = |user: u128, of: u128, hash: &str| ProveSession {
        user: UserId(user),
        key: session_key(UserId(of), hash),
        email: "x@x.example".into(),
    };
    for _ in 0..3 {
        house.run(TakeTry { email: "x@x.example".into() }).unwrap();
    }
    house.run(prove(2, 2, "a")).unwrap();
    assert!(proved(&house, "a") && !proved(&house, "b"));
    assert!(!house.rows.contains_key("tries:x@x.example"), "as at a sign-in");
    assert!(matches!(house.run(prove(1, 2, "b")), Err(Refusal::NotFound { .. })), "for oneself only");
    assert!(matches!(house.run(prove(2, 2, "gone")), Err(Refusal::NotFound { .. })));
    house.now -= PROOF_MS / 2;
    house.run(prove(2, 2, "a")).unwrap();
    house.now += PROOF_MS;
    assert!(proved(&house, "a"), "an earlier one takes nothing back");
}

#[test]
fn s11_the_use_of_a_key_is_noted_once_a_minute_whoever_notes_it() {
    let mut house = House::new();
    let key = ApiKeyId(7);
    let note = |house: &mut House| {
        let Receipt::Kept { changed, .. } = house.run(NoteKeyUse { keys: vec![key] }).unwrap() else {
            panic!("it is kept")
        };
        let Setting::KeyUsed { at } = house.rows[&key_use_key(key)] else { panic!("another setting") };
        (changed, at)
    };
    let first = house.now;
    assert_eq!(note(&mut house), (true, first));
    house.now = first + USE_NOTED_MS - 1;
    assert_eq!(note(&mut house), (false, first), "another replica has just said so");
    house.now = first + USE_NOTED_MS;
    assert_eq!(note(&mut house), (true, house.now));
    assert!(house.events.is_empty(), "it is no change of the key");
}

#[test]
fn s9_a_session_from_before_there_were_proofs_has_none() {
    let text = r#"{"user":"usr_00000000000000000000000002","era":0,"opened_at":1000000,"seen_at":1000000,"agent":"b"}"#;
    let house = House::with(Role::Admin);
    let Ok(session) = serde_json::from_str::<Session>(text) else {
        panic!("it is not read; as it is written now: {}", serde_json::to_string(house.user(2)).unwrap())
    };
    assert!(!session.is_proved(house.now));
}

#[test]
fn addresses_are_kept_in_one_form() {
    assert_eq!(email_of(" Ann@Shop.Example "), Some("ann@shop.example".into()));
    for bad in
        ["", "ann", "@shop.example", "ann@", "ann@shop", "ann@.example", "a n@x.example", "a@x.example\n b"]
    {
        assert_eq!(email_of(bad), None, "{bad:?}");
    }
    assert_eq!(email_of(&format!("{}@x.example", "a".repeat(250))), None);
}

#[test]
fn s44_the_audit_log_has_before_and_after_and_a_chain() {
    let mut house = House::with(Role::Viewer);
    let note = |reason: Option<&str>| AuditNote {
        by: "owner1@x.example".into(),
        action: "PATCH /v1/users/{id}".into(),
        object: "2".into(),
        reason: reason.map(str::to_owned),
    };
    house.events.clear();
    let promote = UpdateUser { role: Some(Role::Admin), ..update(2, Role::Owner) };
    house.run_noted(promote, Some(note(Some("holiday")))).unwrap();
    let demote = UpdateUser { role: Some(Role::Viewer), ..update(2, Role::Owner) };
    house.run_noted(demote, Some(note(None))).unwrap();
    let refused = UpdateUser { role: Some(Role::Viewer), ..update(1, Role::Admin) };
    house.run_noted(refused, Some(note(None))).unwrap_err();
    let entries: Vec<_> = house
        .events
        .iter()
        .filter_map(|event| match event {
            EventBody::AuditRecorded { number, by, action, object, reason, changes, chain } => {
                let note = AuditNote {
                    by: by.clone(),
                    action: action.clone(),
                    object: object.clone(),
                    reason: reason.clone(),
                };
                Some((*number, note, changes.clone(), chain.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(entries.len(), 2, "what was refused changed nothing");
    let change = &entries[0].2[0];
    assert_eq!(change.row, user_key(UserId(2)));
    assert_eq!(change.before.as_ref().unwrap()["role"], "viewer");
    assert_eq!(change.after.as_ref().unwrap()["role"], "admin");
    assert!(change.after.as_ref().unwrap().get("email").is_none(), "only what changed");
    let mut before = String::new();
    for (index, (number, note, changes, told)) in entries.iter().enumerate() {
        assert_eq!(*number, index as i64 + 1);
        assert_eq!(chain(&before, *number, note, changes), *told);
        before.clone_from(told);
    }
    assert_eq!(house.rows[HEAD], Setting::AuditHead { count: 2, chain: before });
}
