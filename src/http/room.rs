//! The memory budget for large answers, one for the whole process.
//!
//! Every body may grow to [`SHARE`] freely. A larger one needs a place, which counts its decompressed bytes for as long
//! as they are in memory: the place is tied to the returned bytes. Without a place the exchange is ended, and started
//! again when there is one: a waiting caller holds neither a connection nor one of the host's slots, so that a queue of
//! large answers does not delay small ones.
//!
//! There are two rooms. A document whose content stays in memory (the releases of a package) takes a place in
//! `documents` as well, for as long as its [`Desk`] exists. Callers cannot deadlock: a place in `documents` is taken
//! before one in `bodies`, and a caller with a body takes no other before that one is read and freed. Places are given
//! in the order of the calls. A wait that still takes too long ends the call, and the caller comes back later.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::clock::Clock;

const MIB: u64 = 1024 * 1024;
/// The free size of every body: 4 MiB. With few exceptions answers are far smaller.
pub(super) const SHARE: u64 = 4 * MIB;
/// The first place of a body of unknown size: 16 MiB. If that is not enough, the next is as large as the body may get.
const STEP: u64 = 16 * MIB;
/// All large bodies together: 96 MiB, or one of the largest if that is more.
const BODIES: u64 = 96 * MIB;
/// All large documents in use: 64 MiB of text, which is several times as much when it is read. The largest one excludes
/// others.
const DOCUMENTS: u64 = 64 * MIB;
/// The longest wait for a place.
const PATIENCE: Duration = Duration::from_secs(30);
/// The wait before a call without a place is worth repeating.
pub(super) const AGAIN: Duration = Duration::from_secs(10);
/// A body with a place may be slow for so long,
const LEISURE: Duration = Duration::from_secs(5);
/// and then has to come at this rate, in bytes a second, if others wait.
const PACE: u64 = MIB / 2;

/// The places of one process.
#[derive(Debug)]
pub(super) struct Rooms {
    bodies: Room,
    documents: Room,
    waiting: AtomicUsize,
}

/// No place became free in time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Default for Rooms {
    fn default() -> Self {
        Self { bodies: Room::of(BODIES), documents: Room::of(DOCUMENTS), waiting: AtomicUsize::new(0) }
    }
}

impl Rooms {
    /// The next place of a body that outgrew what it has, in bytes.
    pub(super) fn next_size(has: u64, announced: Option<u64>, limit: u64) -> u64 {
        let size = announced.unwrap_or(if has < STEP { STEP } else { limit });
        size.min(limit)
    }

    /// Waits for a place of that size; before it, with a desk, for one among the documents. The caller must hold none.
    pub(super) async fn take(&self, size: u64, desk: Option<&Desk>, clock: &dyn Clock) -> Result<Reservation, Crowded> {
        let _waiting = Waiting::among(&self.waiting);
        let both = async {
            if let Some(desk) = desk {
                desk.grow(&self.documents, size).await;
            }
            self.bodies.take(size).await
        };
        tokio::select! {
            biased;
            place = both => Ok(place),
            () = clock.sleep(PATIENCE) => Err(Crowded),
        }
    }

    fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// Counts a waiting call, however the wait ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Places are counted in KiB, which a permit's number can hold.
#[derive(Debug)]
struct Room {
    places: Arc<Semaphore>,
    whole: u32,
}

impl Room {
    fn of(bytes: u64) -> Self {
        let whole = kib(bytes);
        Self { places: Arc::new(Semaphore::new(whole as usize)), whole }
    }

    /// A request larger than the whole room gets the whole room.
    async fn take(&self, bytes: u64) -> Reservation {
        let permit = Arc::clone(&self.places).acquire_many_owned(kib(bytes).min(self.whole)).await;
        // `None` only if the semaphore were closed, which never happens.
        Reservation { permit: permit.ok() }
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX >> 4)
}

/// Reserved memory. Returned when it is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    permit: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    /// Returns the memory beyond that.
    fn shrink(&mut self, bytes: u64) {
        if let Some(permit) = &mut self.permit {
            let more = permit.num_permits().saturating_sub(kib(bytes) as usize);
            drop(permit.split(more));
        }
    }

    fn kib(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// The body with its place, which is freed when the last of the bytes is dropped.
    pub(super) fn with(mut self, body: Bytes) -> Bytes {
        self.shrink(body.len() as u64);
        Bytes::from_owner(Placed { body, _place: self })
    }
}

struct Placed {
    body: Bytes,
    _place: Reservation,
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The reservation of one document in use, and its place among the large ones, if it is one.
#[derive(Debug, Default)]
pub(super) struct Desk(Mutex<Option<Reservation>>);

impl Desk {
    /// Takes a place of at least that size. A smaller one is returned first: a call that waits for more must not hold
    /// memory that another waits for.
    async fn grow(&self, room: &Room, bytes: u64) {
        let wanted = kib(bytes).min(room.whole) as usize;
        let held = self.held().take().filter(|place| place.kib() >= wanted);
        let place = match held {
            Some(place) => place,
            None => room.take(bytes).await,
        };
        *self.held() = Some(place);
    }

    /// Returns the memory beyond that.
    pub(super) fn shrink(&self, bytes: u64) {
        let mut held = self.held();
        match held.as_mut() {
            Some(place) if bytes > SHARE => place.shrink(bytes),
            _ => *held = None,
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Reservation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size that a body may have, and whether it has to be fast.
#[derive(Clone, Debug)]
pub(super) struct BodyAllowance {
    /// Most bytes.
    pub(super) bytes: u64,
    /// The rooms in which it may wait for a place.
    pub(super) rooms: Option<Arc<Rooms>>,
}

impl Default for BodyAllowance {
    /// The request's own limit.
    fn default() -> Self {
        Self { bytes: u64::MAX, rooms: None }
    }
}

/// The speed of a body.
#[derive(Debug)]
pub(super) struct Pace {
    rooms: Option<Arc<Rooms>>,
    began: Instant,
}

impl Pace {
    pub(super) fn of(allowance: &BodyAllowance) -> Self {
        Self { rooms: allowance.rooms.clone(), began: Instant::now() }
    }

    /// The reason why a body with so many bytes so far must give up its place: it is slow, and others wait.
    pub(super) fn too_slow(&self, bytes: usize) -> Option<String> {
        let (waited_for, elapsed) = (self.rooms.as_ref()?.is_waited_for(), self.began.elapsed());
        let due = PACE.saturating_mul(elapsed.as_secs());
        let slow = waited_for && elapsed >= LEISURE && (bytes as u64) < due;
        slow.then(|| {
            format!("{bytes} bytes of the body came in {} s, and others wait for its place", elapsed.as_secs())
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::join_all};

    use super::*;
    use crate::clock::ManualClock;

    fn clock() -> ManualClock {
        ManualClock::at_text("2026-01-01T00:00:00Z")
    }

    #[test]
    fn a_body_gets_what_it_announces_or_a_step_and_then_all_that_it_may_have() {
        let limit = 64 * MIB;
        for (has, announced, limit, size) in [
            (SHARE, None, limit, STEP),
            (STEP, None, limit, limit),
            (SHARE, Some(51 * MIB), limit, 51 * MIB),
            (SHARE, Some(5 * MIB), limit, 5 * MIB),
            (SHARE, None, 8 * MIB, 8 * MIB),
            (SHARE, Some(u64::MAX), limit, limit),
        ] {
            assert_eq!(Rooms::next_size(has, announced, limit), size, "{has} {announced:?} {limit}");
        }
    }

    #[tokio::test]
    async fn bytes_keep_their_place_and_only_as_much_as_they_need() {
        let (rooms, clock) = (Rooms::default(), clock());
        let free = || rooms.bodies.places.available_permits() as u64 / 1024;
        let whole = free();
        let place = rooms.take(64 * MIB, None, &clock).await.unwrap();
        assert_eq!(free(), whole - 64);
        let body = place.with(Bytes::from(vec![7; 5 * 1024 * 1024]));
        assert_eq!(free(), whole - 5);
        let part = body.slice(10..20);
        drop(body);
        assert_eq!(free(), whole - 5, "a part holds the whole");
        assert_eq!(part, [7; 10].as_slice());
        drop(part);
        assert_eq!(free(), whole);
    }

    #[tokio::test]
    async fn what_is_larger_than_the_room_gets_all_of_it() {
        let (rooms, clock) = (Rooms::default(), clock());
        let all = rooms.take(u64::MAX, None, &clock).await.unwrap();
        assert_eq!(rooms.bodies.places.available_permits(), 0);
        assert_eq!(rooms.take(MIB, None, &clock).await.unwrap_err(), Crowded);
        drop(all);
        rooms.take(MIB, None, &clock).await.unwrap();
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_nothing_behind() {
        let (rooms, clock) = (Rooms::default(), clock());
        let all = rooms.take(u64::MAX, None, &clock).await.unwrap();
        let (desk, other) = (Desk::default(), Desk::default());
        desk.grow(&rooms.documents, u64::MAX).await;
        assert!(rooms.take(MIB, Some(&other), &Forever).now_or_never().is_none(), "dropped while it waits");
        assert!(!rooms.is_waited_for());
        drop((all, desk));
        assert_eq!(rooms.bodies.places.available_permits(), rooms.bodies.whole as usize);
        assert_eq!(rooms.documents.places.available_permits(), rooms.documents.whole as usize);
    }

    #[tokio::test]
    async fn a_desk_holds_one_place_until_it_is_cleared() {
        let (rooms, clock) = (Rooms::default(), clock());
        let free = || rooms.documents.places.available_permits() as u64 / 1024;
        let (desk, whole) = (Desk::default(), free());
        drop(rooms.take(STEP, Some(&desk), &clock).await.unwrap());
        assert_eq!(free(), whole - 16);
        drop(rooms.take(64 * MIB, Some(&desk), &clock).await.unwrap());
        assert_eq!(free(), whole - 64, "a larger one in its place, not beside it");
        drop(rooms.take(STEP, Some(&desk), &clock).await.unwrap());
        desk.shrink(20 * MIB);
        assert_eq!(free(), whole - 20);
        desk.shrink(MIB);
        assert_eq!(free(), whole, "what is small needs none");
        desk.grow(&rooms.documents, STEP).await;
        drop(desk);
        assert_eq!(free(), whole);
    }

    /// Every document at its desk requests three more bodies, nested, while more documents wait: in any order all
    /// succeed.
    #[tokio::test]
    async fn nobody_waits_in_a_circle() {
        let rooms = Rooms::default();
        let look = |n: u64| {
            let rooms = &rooms;
            async move {
                let desk = Desk::default();
                for size in [STEP, (20 + n % 45) * MIB] {
                    let body = rooms.take(size, Some(&desk), &Forever).await.unwrap();
                    tokio::task::yield_now().await;
                    drop(body);
                }
                for nested in 0..3 {
                    let body = rooms.take((5 + nested * 29) * MIB, None, &Forever).await.unwrap();
                    tokio::task::yield_now().await;
                    drop(body);
                }
            }
        };
        let all = join_all((0..50).map(look));
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    }

    #[tokio::test]
    async fn a_body_has_to_hurry_only_where_others_wait() {
        let rooms = Arc::new(Rooms::default());
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let pace = |seconds| Pace { rooms: Some(Arc::clone(&rooms)), began: ago(seconds) };
        assert_eq!(pace(20).too_slow(4_500_000), None);
        let _waiting = Waiting::among(&rooms.waiting);
        assert!(pace(20).too_slow(4_500_000).is_some_and(|why| why.contains("in 20 s")));
        assert_eq!(pace(20).too_slow(11 << 20), None);
        assert_eq!(pace(4).too_slow(0), None, "some time is everybody's");
        assert_eq!(Pace { rooms: None, began: ago(20) }.too_slow(0), None, "so is what needs no place");
    }

    /// Time never passes.
    #[derive(Debug)]
    struct Forever;

    impl Clock for Forever {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }

        fn steady(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _: Duration) -> futures::future::BoxFuture<'_, ()> {
            Box::pin(std::future::pending())
        }

        fn timer(&self, duration: Duration) -> futures::future::BoxFuture<'_, ()> {
            self.sleep(duration)
        }
    }
}
