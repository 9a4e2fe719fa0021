//! Independent questions asked at the same time: a few threads, and the answers in the order of the questions.
//!
//! It knows nothing of what is asked. Who is asked may be overwhelmed, so the number of threads is bounded here, once.

use std::sync::{Mutex, PoisonError};

/// How many questions are asked at once; a registry or a forge that is asked more answers 429.
pub const AT_ONCE: usize = 8;

/// Asks for each item, and gives the answers in the items' order. A panic of `ask` is a panic here.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], ask: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if let [] | [_] = items {
        return items.iter().map(ask).collect();
    }
    with_one_each(vec![(); items.len().min(AT_ONCE)], items, |(), item| {
        ask(item)
    })
}

/// As [`side_by_side`], on a thread for every one of `tools`, which are what threads cannot share.
pub fn with_one_each<W: Send, T: Sync, R: Send>(
    tools: Vec<W>,
    items: &[T],
    ask: impl Fn(&W, &T) -> R + Sync,
) -> Vec<R> {
    // Whoever is done takes the next: one slow answer holds up nothing but itself.
    let next = Mutex::new(items.iter().enumerate());
    let work = |tool: W| {
        let mut answers = Vec::new();
        loop {
            let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = taken else {
                return answers;
            };
            answers.push((place, ask(&tool, item)));
        }
    };
    let mut answers: Vec<(usize, R)> = std::thread::scope(|scope| {
        let running: Vec<_> = tools
            .into_iter()
            .map(|tool| scope.spawn(|| work(tool)))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let items: Vec<usize> = (0..100).collect();
        assert_eq!(
            side_by_side(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(
            side_by_side(&[] as &[usize], |item| *item),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn as_many_are_asked_at_once_as_may_be_and_no_more() {
        // Each waits for all the others, so this ends only if they run at once.
        let barrier = Barrier::new(AT_ONCE);
        let running = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        side_by_side(&[(); AT_ONCE * 3], |()| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            barrier.wait();
            running.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(most.into_inner(), AT_ONCE);
    }
}
