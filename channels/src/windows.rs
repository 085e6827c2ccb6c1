//! Long windows of time, cut into those that a marketplace allows.

use onhand_connector::{Class, Failure, OrderWindow, Refused};

/// One piece of a window, in seconds since 1970, and the marketplace's own cursor in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// From, inclusive.
    pub(crate) from: i64,
    /// Until. What is on the border may come twice.
    pub(crate) to: i64,
    /// Their cursor; empty at the beginning of the piece.
    pub(crate) cursor: String,
    end: i64,
    longest: i64,
}

impl Piece {
    /// The piece that `cursor` stands in; `None` when the window is empty. `longest` is in seconds.
    pub(crate) fn at(
        window: OrderWindow,
        longest: i64,
        cursor: Option<&str>,
    ) -> Result<Option<Self>, Failure> {
        let end = window.until.div_euclid(1000) + i64::from(window.until.rem_euclid(1000) > 0);
        let (from, theirs) = match cursor {
            None => (window.since.div_euclid(1000), String::new()),
            Some(cursor) => {
                let (from, theirs) = cursor.split_once('|').ok_or_else(wrong)?;
                (from.parse().map_err(|_| wrong())?, theirs.to_owned())
            }
        };
        if from >= end {
            return Ok(None);
        }
        Ok(Some(Self { from, to: end.min(from.saturating_add(longest)), cursor: theirs, end, longest }))
    }

    /// Our cursor for what follows, given theirs: the next page of this piece, the next piece, or the end.
    pub(crate) fn next(&self, theirs: Option<&str>) -> Option<String> {
        match theirs.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Some(format!("{}|{cursor}", self.from)),
            None if self.to < self.end => Some(format!("{}|", self.to)),
            None => None,
        }
    }

    /// The next piece, for those who walk through all of them at once.
    pub(crate) fn following(&self) -> Option<Self> {
        let from = self.to;
        (from < self.end).then(|| Self {
            from,
            to: self.end.min(from.saturating_add(self.longest)),
            cursor: String::new(),
            ..self.clone()
        })
    }
}

/// The last retry of the most patient marketplace (TikTok) comes after 15 h 32 min; nothing genuine is older than this.
const OLDEST_MS: i64 = 24 * 3_600_000;
/// Clocks differ; more than this is no clock.
const AHEAD_MS: i64 = 10 * 60_000;

/// Whether the time inside a webhook is near enough to ours, both in milliseconds since 1970.
pub(crate) fn timely(sent: i64, now: i64) -> Result<(), Refused> {
    if sent <= 0 {
        return Err(Refused::Body("it does not say when it was sent".into()));
    }
    let near = sent >= now.saturating_sub(OLDEST_MS) && sent <= now.saturating_add(AHEAD_MS);
    if near { Ok(()) } else { Err(Refused::Time) }
}

fn wrong() -> Failure {
    Failure::new(Class::Invalid, "cursor", "this is not a cursor of this window")
}

#[cfg(test)]
mod tests {
    use onhand_connector::OrderWindow;

    use super::Piece;

    #[test]
    fn pieces_cover_the_window_without_a_gap() {
        let window = OrderWindow { since: 10_500, until: 35_001 };
        let first = Piece::at(window, 10, None).unwrap().unwrap();
        assert_eq!((first.from, first.to), (10, 20));
        assert_eq!(first.next(Some("page2")).as_deref(), Some("10|page2"));
        let page = Piece::at(window, 10, Some("10|page2")).unwrap().unwrap();
        assert_eq!((page.from, page.to, page.cursor.as_str()), (10, 20, "page2"));
        let second = Piece::at(window, 10, page.next(None).as_deref()).unwrap().unwrap();
        assert_eq!((second.from, second.to), (20, 30));
        let third = second.following().unwrap();
        assert_eq!((third.from, third.to), (30, 36));
        assert_eq!((third.next(Some("")), third.following()), (None, None));
        assert!(Piece::at(OrderWindow { since: 5000, until: 5000 }, 10, None).unwrap().is_none());
        assert!(Piece::at(window, 10, Some("x")).is_err());
    }
}
