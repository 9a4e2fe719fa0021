//! Work on several threads, each with a world of its own; answers come in the order of the questions.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::world::World;

/// How much is done at once: a registry or a forge that is asked more at a time answers 429.
pub const SIDE_BY_SIDE: usize = 8;

thread_local! {
    /// Whether this thread is one of several that answer: then what it asks itself, it answers alone.
    static IS_ONE_OF_SEVERAL: Cell<bool> = const { Cell::new(false) };
}

/// Answers every question; a single one, or none, on this very thread. Questions within questions start no more threads, so
/// that there are never more than [`SIDE_BY_SIDE`].
///
/// # Errors
/// The repository cannot be opened for another thread.
pub fn each<Q: Sync, A: Send>(world: &World, questions: &[Q], answer: impl Fn(&World, &Q) -> A + Sync) -> anyhow::Result<Vec<A>> {
    let is_nested = IS_ONE_OF_SEVERAL.get();
    let others = if is_nested { 0 } else { questions.len().min(SIDE_BY_SIDE).saturating_sub(1) };
    let worlds = (0..others).map(|_| world.beside(None)).collect::<anyhow::Result<Vec<_>>>()?;
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(questions.len())));
    let work = |world: &World| {
        IS_ONE_OF_SEVERAL.set(is_nested || others > 0);
        while let Some((place, question)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|place| Some((place, questions.get(place)?)))
        {
            let answered = answer(world, question);
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((place, answered));
        }
    };
    std::thread::scope(|scope| {
        for world in worlds {
            let work = &work;
            scope.spawn(move || work(&world));
        }
        work(world);
    });
    IS_ONE_OF_SEVERAL.set(is_nested);
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
