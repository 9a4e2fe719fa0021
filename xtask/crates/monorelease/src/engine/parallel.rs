//! Parallel questions: each thread has a `World` of its own, since an open repository cannot be shared.
//!
//! The crate `http-client` shares the work among threads.

use std::cell::Cell;

use monorelease_http_client::parallel::{AT_ONCE, with_one_each};

use crate::world::World;

thread_local! {
    /// Whether this thread is one of several that answer: then what it asks itself, it answers alone.
    static IS_ONE_OF_SEVERAL: Cell<bool> = const { Cell::new(false) };
}

/// Answers every question; a single one, or none, on this very thread. Questions within questions start no more threads, so
/// that there are never more than [`AT_ONCE`].
///
/// # Errors
/// The repository cannot be opened for another thread.
pub fn each<Q: Sync, A: Send>(
    world: &World,
    questions: &[Q],
    answer: impl Fn(&World, &Q) -> A + Sync,
) -> anyhow::Result<Vec<A>> {
    if IS_ONE_OF_SEVERAL.get() || questions.len() < 2 {
        return Ok(questions
            .iter()
            .map(|question| answer(world, question))
            .collect());
    }
    let worlds = (0..questions.len().min(AT_ONCE))
        .map(|_| world.beside(None))
        .collect::<anyhow::Result<_>>()?;
    Ok(with_one_each(worlds, questions, |world, question| {
        IS_ONE_OF_SEVERAL.set(true);
        answer(world, question)
    }))
}
