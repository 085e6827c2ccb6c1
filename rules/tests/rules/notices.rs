//! What people do with notices.

use onhand_rules::commands::channels::{CareForNotice, RaiseNotice};
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::notice_body::DriftCause;
use onhand_rules::{EventBody, NoticeBody, Receipt, Refusal};

use crate::channels_world::{MINUTE, Market};

const KEY: &str = "drift:7";

fn raise(world: &mut Market, open: bool) {
    let told = NoticeBody::Drift { title: "Tee".into(), seen: 3, expected: 5, cause: DriftCause::LostPush };
    world.ok(match open {
        true => RaiseNotice::open("7".into(), None, told),
        false => RaiseNotice::over(NoticeKind::Drift, "7".into()),
    });
}

fn nothing() -> CareForNotice {
    CareForNotice { key: KEY.into(), assignee: None, snooze_ms: None, note: None, resolve: false }
}

fn changed(world: &mut Market, care: CareForNotice) -> bool {
    let Receipt::Kept { changed, .. } = world.ok(care) else { panic!("it is kept") };
    changed
}

fn notice(world: &Market) -> &Notice {
    world.notices.get(KEY).expect("a notice")
}

/// How often it was told that it opened or closed.
fn told(world: &Market) -> usize {
    let is = |body: &EventBody| matches!(body, EventBody::NoticeChanged { key, .. } if key == KEY);
    world.events.iter().filter(|event| is(&event.body)).count()
}

#[test]
fn somebody_takes_it_on_and_puts_it_off() {
    let mut world = Market::empty();
    let unknown = world.run(nothing());
    assert!(matches!(unknown, Err(Refusal::NotFound { .. })), "{unknown:?}");
    raise(&mut world, true);
    assert!(!changed(&mut world, nothing()), "nothing was asked for");
    assert!(changed(&mut world, CareForNotice { assignee: Some("mei".into()), ..nothing() }));
    assert!(changed(&mut world, CareForNotice { snooze_ms: Some(5 * MINUTE), ..nothing() }));
    let now = world.now;
    assert!(!notice(&world).is_awake(now + 5 * MINUTE - 1) && notice(&world).is_awake(now + 5 * MINUTE));
    assert!(notice(&world).open && notice(&world).seen_at.is_some(), "it is so all the same");
    // It happens again: whoever looks after it still does.
    raise(&mut world, true);
    assert_eq!(notice(&world).care.assignee.as_deref(), Some("mei"));
    assert!(changed(
        &mut world,
        CareForNotice { assignee: Some(String::new()), snooze_ms: Some(0), ..nothing() }
    ));
    assert_eq!(notice(&world).care, Default::default());
    let back = world.run(CareForNotice { snooze_ms: Some(-1), ..nothing() });
    assert!(matches!(back, Err(Refusal::OutOfRange)), "{back:?}");
    assert_eq!(told(&world), 1, "only that it opened");
}

#[test]
fn what_is_settled_says_how_and_opens_again_by_itself() {
    let mut world = Market::empty();
    raise(&mut world, true);
    let settle = || CareForNotice { note: Some("counted by hand".into()), resolve: true, ..nothing() };
    assert!(changed(&mut world, settle()));
    assert!(!notice(&world).open);
    assert_eq!(notice(&world).care.note.as_deref(), Some("counted by hand"));
    assert!(!changed(&mut world, settle()), "it is settled");
    assert_eq!(told(&world), 2, "opened and closed");
    raise(&mut world, true);
    assert!(notice(&world).open);
    assert_eq!(notice(&world).care, Default::default(), "what was found then is not about this time");
    assert_eq!(told(&world), 3);
}
