//! A service's health path: asked until it answers, or until its time is over.

#![allow(
    clippy::disallowed_methods,
    reason = "a health path is asked until its time is over"
)]

use std::time::{Duration, Instant};

use anyhow::bail;

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
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .into();
    let deadline = Instant::now() + limit;
    loop {
        let last = match agent.get(url).call() {
            Ok(mut answer) if answer.status() == 200 => {
                return Ok(answer
                    .body_mut()
                    .with_config()
                    .limit(64 * 1024)
                    .read_to_string()?);
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
