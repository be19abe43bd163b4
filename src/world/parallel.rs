//! Work that falls into equal pieces, on as many cores as there are. Never in the worker, which has
//! one thread.

use std::num::NonZero;
use std::thread::{self, ScopedJoinHandle};

/// Fewer pieces than this aren't worth a second thread.
const WORTH_IT: usize = 200;
/// More threads than this only cost memory.
const MOST: usize = 16;

/// Does `work` to each item, in threads if there are many, and gives the results in the items' order.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    // Counting the cores alone takes a third of a millisecond.
    let threads = if items.len() < WORTH_IT {
        1
    } else {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        cores.min(MOST)
    };
    spread(items, threads, &work)
}

fn spread<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: &(impl Fn(&T) -> R + Sync),
) -> Vec<R> {
    let all = |items: &[T]| items.iter().map(work).collect::<Vec<R>>();
    if threads < 2 {
        return all(items);
    }
    let (later, now) = items.split_at(items.len() / threads);
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || all(later));
        let mut after = spread(now, threads - 1, work);
        let mut first = match other.map(ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // The system has no thread left.
            Err(_) => all(later),
        };
        first.append(&mut after);
        first
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_item_is_done_once_and_in_order(items: Vec<u16>, threads in 0_usize..9) {
            let twice = |item: &u16| u32::from(*item) * 2;
            let expected: Vec<u32> = items.iter().map(twice).collect();
            prop_assert_eq!(spread(&items, threads, &twice), expected);
        }
    }

    #[test]
    fn many_items_are_spread_and_few_are_not() {
        let here = thread::current().id();
        let elsewhere = |count: usize| {
            let ids = in_parallel(&vec![(); count], |()| thread::current().id());
            ids.iter().any(|id| *id != here)
        };
        assert!(!elsewhere(WORTH_IT - 1));
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        assert_eq!(elsewhere(WORTH_IT), cores > 1);
    }
}
