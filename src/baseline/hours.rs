//! Estimates the usual publish hours of a release line from past publish times.

use std::{collections::VecDeque, f64::consts::TAU, sync::LazyLock};

/// Fewest releases that show a habit.
const FEWEST: usize = 20;

/// Bins of the day, a quarter of an hour each.
const BINS: usize = 96;

/// Concentration of the von Mises kernel: a standard deviation of about 66 minutes.
const KAPPA: f64 = 12.0;

/// Only an hour with less than this share of the uniform density can be unusual.
const SPARSE: f64 = 0.25;

/// A history whose densest quarter is less than so many times the uniform density has no usual hours.
const FLAT: f64 = 2.0;

/// A share of releases within one hour that shows a timer, not a person.
const TIMER: f64 = 0.8;

/// The kernel by distance in bins, not normalised: only ratios of densities are used.
static KERNEL: LazyLock<[f64; BINS]> = LazyLock::new(|| {
    std::array::from_fn(|bin| {
        #[expect(clippy::cast_precision_loss, reason = "fewer than a hundred bins")]
        let angle = TAU * bin as f64 / BINS as f64;
        (KAPPA * (angle.cos() - 1.0)).exp()
    })
});

/// The rarity of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rarity {
    /// The share of the line's releases that, by the estimate, come at times as unusual as this one or more so, 0–1.
    pub share: f64,
}

/// The habit of publishing at certain times of the UTC day: a kernel density on the circle, so that 23:50 and 00:10 are
/// neighbours (Mardia and Jupp, *Directional Statistics*, chapter 12).
#[derive(Clone, Debug)]
pub struct Hours {
    counts: [f64; BINS],
    total: f64,
}

impl Hours {
    /// The habit, if there are at least 20 releases to show it.
    pub fn learned(minutes: &VecDeque<u16>) -> Option<Self> {
        if minutes.len() < FEWEST {
            return None;
        }
        let mut counts = [0.0; BINS];
        for minute in minutes {
            counts[bin(*minute)] += 1.0;
        }
        let total = counts.iter().sum();
        Some(Self { counts, total })
    }

    /// The rarity of a minute of the day. `None` if the time means nothing: a usual hour, a flat history, a timer.
    pub fn rarity(&self, minute: u16) -> Option<Rarity> {
        #[expect(clippy::cast_precision_loss, reason = "fewer than a hundred bins")]
        let uniform = self.total * KERNEL.iter().sum::<f64>() / BINS as f64;
        let here = self.density(bin(minute));
        if here >= SPARSE * uniform || self.is_timer() {
            return None;
        }
        let densities: [f64; BINS] = std::array::from_fn(|bin| self.density(bin));
        if densities.iter().copied().fold(0.0, f64::max) < FLAT * uniform {
            return None;
        }
        let below: f64 = densities.iter().filter(|density| **density <= here).sum();
        Some(Rarity { share: below / densities.iter().sum::<f64>() })
    }

    fn density(&self, at: usize) -> f64 {
        let kernel = &*KERNEL;
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0.0)
            .map(|(bin, count)| count * kernel[(at + BINS - bin) % BINS])
            .sum()
    }

    fn is_timer(&self) -> bool {
        let hour = |start: usize| (0..4).map(|bin| self.counts[(start + bin) % BINS]).sum::<f64>();
        (0..BINS).any(|start| hour(start) >= TIMER * self.total)
    }
}

fn bin(minute: u16) -> usize {
    usize::from(minute) * BINS / 1440 % BINS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office_hours() -> VecDeque<u16> {
        (0..40).map(|n| 9 * 60 + n * 12).collect()
    }

    fn share(minutes: &VecDeque<u16>, hour: u16) -> Option<f64> {
        Hours::learned(minutes)?.rarity(hour * 60).map(|rarity| rarity.share)
    }

    #[test]
    fn night_is_odd_for_office_hours() {
        assert!(share(&office_hours(), 2).unwrap() < 0.001);
        assert_eq!(share(&office_hours(), 12), None);
    }

    #[test]
    fn midnight_is_no_border() {
        let around: VecDeque<u16> = (0..40).map(|n| (22 * 60 + n * 6) % 1440).collect();
        assert_eq!(share(&around, 0), None);
        assert!(share(&around, 12).unwrap() < 0.001);
    }

    #[test]
    fn what_shows_no_habit_says_nothing() {
        let few: VecDeque<u16> = (0..19).map(|n| 600 + n).collect();
        let flat: VecDeque<u16> = (0..96).map(|n| n * 15).collect();
        let timer: VecDeque<u16> = (0..40).map(|_| 180).collect();
        for minutes in [few, flat, timer, VecDeque::new()] {
            assert_eq!(share(&minutes, 15), None);
        }
    }

    #[test]
    fn any_minute_is_taken() {
        let hours = Hours::learned(&office_hours()).unwrap();
        assert!(
            (0..=u16::MAX).step_by(7).all(|minute| hours.rarity(minute).is_none_or(|r| (0.0..=1.0).contains(&r.share)))
        );
    }
}
