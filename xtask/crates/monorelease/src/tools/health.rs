//! A service's health path: asked until it answers, or until its time is over.
//!
//! This is not a retry (law 18): here "no" is the usual answer, for as long as the container runs.

#![allow(
    clippy::disallowed_methods,
    reason = "a health path is asked until its time is over"
)]

use std::time::{Duration, Instant};

use anyhow::bail;
use monorelease_http_client::client::Agents;

/// How long a service may be silent before it is asked again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that is read of an answer.
const BODY_BYTES_MAX: u64 = 64 * 1024;
/// Between two questions to a service that is not up yet.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks `url` until it answers 200, and gives the body; `still_running` is asked between the tries.
///
/// The error carries the last answer: a service that never listened and one that answers 500 look different.
pub fn wait_until_healthy(
    url: &str,
    limit: Duration,
    mut still_running: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<String> {
    let agents = Agents::new(ANSWER_TIMEOUT);
    let deadline = Instant::now() + limit;
    loop {
        let last = match agents.of(false).get(url).call() {
            Ok(mut answer) if answer.status() == 200 => {
                let body = answer.body_mut().with_config().limit(BODY_BYTES_MAX);
                return Ok(body.read_to_string()?);
            }
            Ok(answer) => format!("it answered {}", answer.status()),
            Err(error) => error.to_string(),
        };
        if !still_running()? {
            bail!("the container ended before {url} answered (last: {last})");
        }
        if Instant::now() >= deadline {
            bail!(
                "{url} did not answer 200 within {} s (last: {last})",
                limit.as_secs()
            );
        }
        std::thread::sleep(PAUSE);
    }
}
