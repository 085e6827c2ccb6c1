//! Opening and closing notices, from any command.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::ShopId;
use crate::notice::{Notice, NoticeKind, kind_name};
use crate::notice_body::NoticeBody;
use crate::working::{Needs, Scope};

/// Asks for what [`raise`] and [`close`] must see.
pub(crate) fn needs_of_notice(kind: NoticeKind, subject: &str, needs: &mut Needs) {
    needs.sync.notices.insert(Notice::key(kind, subject));
}

/// Opens a notice, or counts it once more. One that is open already makes no event: it is said once.
pub(crate) fn raise(
    scope: &mut Scope<'_>,
    context: &Context,
    subject: &str,
    shop: Option<ShopId>,
    told: NoticeBody,
) {
    let kind = told.kind();
    let key = Notice::key(kind, subject);
    let before = scope.notice(&key).cloned();
    let was_open = before.as_ref().is_some_and(|notice| notice.open);
    let notice = Notice {
        key: key.clone(),
        kind,
        subject: subject.to_owned(),
        shop,
        text: told.text(),
        told: Some(told),
        open: true,
        count: before.as_ref().filter(|_| was_open).map_or(1, |notice| notice.count + 1),
        first_at: before.as_ref().filter(|_| was_open).map_or(context.now, |notice| notice.first_at),
        last_at: context.now,
        seen_at: before.as_ref().filter(|_| was_open).and_then(|notice| notice.seen_at),
        care: before.as_ref().filter(|_| was_open).map(|notice| notice.care.clone()).unwrap_or_default(),
        version: before.as_ref().map_or(1, |notice| notice.version + 1),
    };
    if !was_open {
        tell(scope, context, &notice);
    }
    scope.put_notice(key, notice);
}

/// Closes a notice, if it is open.
pub(crate) fn close(scope: &mut Scope<'_>, context: &Context, kind: NoticeKind, subject: &str) {
    let key = Notice::key(kind, subject);
    let Some(mut notice) = scope.notice(&key).filter(|notice| notice.open).cloned() else {
        return;
    };
    notice.version += 1;
    settle(scope, context, notice);
}

/// It is over. The caller counts the version.
pub(crate) fn settle(scope: &mut Scope<'_>, context: &Context, mut notice: Notice) {
    notice.open = false;
    notice.last_at = context.now;
    tell(scope, context, &notice);
    scope.put_notice(notice.key.clone(), notice);
}

fn tell(scope: &mut Scope<'_>, context: &Context, notice: &Notice) {
    scope.push_event(context.event(EventBody::NoticeChanged {
        key: notice.key.clone(),
        kind: kind_name(notice.kind).to_owned(),
        subject: notice.subject.clone(),
        shop: notice.shop.map(|shop| shop.0),
        text: notice.text.clone(),
        told: notice.told.clone(),
        open: notice.open,
        count: notice.count,
    }));
}
