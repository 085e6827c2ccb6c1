//! Shops on the sandbox's marketplaces, seen from both sides: what the demo and the replay over marketplaces share.

pub(crate) mod compare;
pub(crate) mod connect;
pub(crate) mod control;
pub(crate) mod journal;
pub(crate) mod oversold;
pub(crate) mod sales;
pub(crate) mod takings;

/// A moment as seconds since another one, for people: `34.2 s`.
pub(crate) fn since(zero: i64, at: i64) -> String {
    for_people(at - zero)
}

/// Milliseconds for people.
pub(crate) fn for_people(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{for_people, since};

    #[test]
    fn times_are_told_in_their_own_unit() {
        assert_eq!(for_people(7), "7 ms");
        assert_eq!(since(1_000, 3_456), "2.4 s");
        assert_eq!(for_people(185_000), "3 min 5 s");
    }
}
