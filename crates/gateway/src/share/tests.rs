//! One share against the rule by which its store grants.

use super::{MS, Share, Taken};
use exchange::{Rate, RateAsk, RateKept, RatesAway};
use std::num::NonZeroU32;
use std::time::Duration;

const START: u64 = 1_000_000 * MS;
const SECOND: u64 = 1_000 * MS;

fn rate(burst: u32) -> Rate {
    Rate::new(NonZeroU32::MIN, Duration::from_secs(1)).with_burst(NonZeroU32::new(burst).unwrap())
}

fn asked(taken: Taken) -> RateAsk {
    let Taken::Ask(ask) = taken else { panic!("{taken:?}") };
    ask
}

/// A share that was asked for by so many calls at once, and has what the store granted.
fn granted(burst: u32, calls: u32, kept: &mut RateKept) -> (Share, Rate) {
    let (share, rate) = (Share::new(2, rate(burst), START), rate(burst));
    let ask = asked(share.take(&rate, START, 1, true, || 0));
    assert_eq!(ask.want, 1);
    for _ in 1..calls {
        assert_eq!(share.take(&rate, START, 1, true, || 0), Taken::Wait, "one question for all of them");
    }
    share.deposit(&ask, START, &Ok(ask.grant(kept, START)), START);
    assert!(matches!(share.take(&rate, START, 1, false, || 0), Taken::Paid(..)));
    let ask = asked(share.take(&rate, START, 1, false, || 0));
    assert_eq!(ask.want, calls);
    share.deposit(&ask, START, &Ok(ask.grant(kept, START)), START);
    (share, rate)
}

#[test]
fn what_is_not_spent_goes_back_less_the_time_it_was_kept() {
    let mut kept = RateKept::default();
    let (share, rate) = granted(10, 5, &mut kept);
    assert_eq!(kept.arrival, START + 6 * SECOND);
    assert_eq!(share.lapsed(START + 149 * MS, false), None, "it is still good");
    let back = share.lapsed(START + 200 * MS, false).unwrap();
    assert_eq!((back.want, back.back), (0, 5 * SECOND - 200 * MS));
    assert_eq!(share.lapsed(START + 200 * MS, true), None, "it goes back once");
    share.deposit(&back, START + 200 * MS, &Err(RatesAway("away".to_owned())), START + 300 * MS);
    let again = share.lapsed(START + 400 * MS, false).unwrap();
    assert_eq!(again.back, 5 * SECOND - 400 * MS, "what was lost on its way is given back later");
    share.deposit(&again, START + 400 * MS, &Ok(again.grant(&mut kept, START + 400 * MS)), START + 400 * MS);
    assert_eq!(kept.arrival, START + SECOND + 400 * MS);
    assert_eq!(share.look(&rate, START + 400 * MS).remaining, 9, "one was spent");
}

#[test]
fn what_a_lost_question_took_out_of_the_meter_is_told_with_the_next_one() {
    let mut kept = RateKept::default();
    let (share, rate) = (Share::new(2, rate(10), START), rate(10));
    let first = asked(share.take(&rate, START, 1, true, || 7 * SECOND));
    assert_eq!(first.ahead, 7 * SECOND);
    share.deposit(&first, START, &Err(RatesAway("away".to_owned())), START);
    // The meter is empty now.
    let second = asked(share.take(&rate, START + SECOND, 1, true, || 0));
    assert_eq!(second.ahead, 6 * SECOND);
    let told = second.grant(&mut kept, START + SECOND);
    share.deposit(&second, START + SECOND, &Ok(told), START + SECOND);
    assert_eq!(kept.arrival, START + 8 * SECOND, "seven that were counted here, and this one");
    let third = asked(share.take(&rate, START + 2 * SECOND, 5, true, || 0));
    assert_eq!(third.ahead, 0, "it is told once");
}

#[test]
fn of_a_limit_that_has_changed_nothing_goes_back() {
    let mut kept = RateKept::default();
    let (share, _) = granted(10, 5, &mut kept);
    let other = rate(3);
    let ask = asked(share.take(&other, START, 1, true, || 0));
    assert_eq!(ask.back, 0);
    let part = ask.grant(&mut kept, START);
    assert_eq!((part.units, kept.arrival), (0, START + 3 * SECOND), "used up and no more than that");
    let late = RateAsk { rate: rate(10), want: 0, back: 5 * SECOND, ..ask };
    late.grant(&mut kept, START);
    assert_eq!(kept.arrival, START + 3 * SECOND, "nor what comes late from another process");
}

#[test]
fn a_no_is_believed_until_something_has_come_back() {
    let mut kept = RateKept { arrival: START + 10 * SECOND, depth: 10 * SECOND };
    let (share, rate) = (Share::new(2, rate(10), START), rate(10));
    let ask = asked(share.take(&rate, START, 1, true, || 0));
    share.deposit(&ask, START, &Ok(ask.grant(&mut kept, START)), START);
    for ms in [0, 4, 100, 249] {
        let Taken::Denied(left, no) = share.take(&rate, START + ms * MS, 1, true, || 0) else { panic!() };
        assert_eq!((left.remaining, no.retry_in), (0, Duration::from_millis(1_000 - ms)), "{ms}");
    }
    asked(share.take(&rate, START + 250 * MS, 1, true, || 0));
}

#[test]
fn what_its_own_meter_says_is_told_and_a_dear_call_takes_all_or_nothing() {
    let mut kept = RateKept::default();
    let (share, rate) = (Share::new(2, rate(10), START), rate(10));
    let ask = asked(share.take(&rate, START, 4, true, || 7 * SECOND));
    assert_eq!((ask.ahead, ask.least), (7 * SECOND, 4));
    assert_eq!(ask.grant(&mut kept, START).units, 0, "three are left");
    assert_eq!(kept.arrival, START + 7 * SECOND);
    let Taken::Denied(..) = Share::new(2, rate, START).take(&rate, START, 11, true, || 0) else {
        panic!("more than the burst is never let in");
    };
}

#[test]
fn what_a_call_paid_of_the_limit_before_is_not_given_back_of_the_new_one() {
    let mut kept = RateKept::default();
    let (share, _) = granted(10, 5, &mut kept);
    let other = rate(3);
    let ask = asked(share.take(&other, START + MS, 1, true, || 0));
    share.deposit(&ask, START + MS, &Ok(ask.grant(&mut kept, START + MS)), START + MS);
    share.refund(START, 2, START + 2 * MS);
    assert!(matches!(share.take(&other, START + 2 * MS, 1, true, || 0), Taken::Denied(..)), "nothing of it");
}
