//! The time limits of the health check. The health check has no others.

use chrono::TimeDelta;

/// For how long a source or a log may be silent.
pub const SOURCE: TimeDelta = TimeDelta::minutes(30);
/// For how long a daemon that was just started is given time to read its sources.
pub const START: TimeDelta = TimeDelta::minutes(1);
/// For how long the queue of one is given time to move: longer than any turn of a package.
pub const START_OF_WORK: TimeDelta = TimeDelta::minutes(3);
/// For how long the trust root may go without a refresh: TUF is asked once a day. Where it is asked less often, twice as long
/// as that.
pub const TRUST: TimeDelta = TimeDelta::days(3);
/// For how long a daemon may give no heartbeat. It gives one every half minute.
pub const HEARTBEAT: TimeDelta = TimeDelta::minutes(3);
/// The least that `run --once` may leave between two passes.
pub const PASS: TimeDelta = TimeDelta::hours(1);
/// The most: a pass once a day, and a little longer.
pub const LONGEST_PASS: TimeDelta = TimeDelta::hours(26);
/// For how long a package that a feed announced may wait.
pub const ANNOUNCED: TimeDelta = TimeDelta::minutes(5);
/// From when on that is an alert.
pub const ANNOUNCED_ALERT: TimeDelta = TimeDelta::minutes(10);
/// For how long nothing may come of packages that are due.
pub const STANDSTILL: TimeDelta = TimeDelta::minutes(10);
/// For how long packages may fail.
pub const FAILING: TimeDelta = TimeDelta::hours(1);
/// For how long a few packages may fail before their number is an alert. Each has one of its own long before that.
pub const FAILING_ALERT: TimeDelta = TimeDelta::hours(24);
/// From so many failing packages on it is an outage, which is one alert and not one for each package.
pub const MANY: u64 = 10;
/// For how long a release may stay unchecked.
pub const UNCHECKED: TimeDelta = TimeDelta::minutes(30);
/// For how long a release that stays unchecked is a reason to worry.
pub const UNCHECKED_REMEMBERED: TimeDelta = TimeDelta::days(7);
/// For how long a forge may answer nothing that it is asked.
pub const FORGE: TimeDelta = TimeDelta::hours(1);
/// For how long an alert may wait for its receiver.
pub const DELIVERY: TimeDelta = TimeDelta::minutes(10);
/// From when on that is an alert.
pub const DELIVERY_ALERT: TimeDelta = TimeDelta::hours(1);
/// For how long an alert that was given up is a reason to worry, if others got through since.
pub const LOST_REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// For how long after a write that failed the database is not trusted to take the next.
pub const WRITE: TimeDelta = TimeDelta::minutes(10);
/// For how long a row that was found damaged is a reason to worry: what damaged it may damage more.
pub const DAMAGE_REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// From so many packages on whose releases lack something it is the registry's matter.
pub const LEFT_OUT_BY_SEVERAL: u64 = 2;
/// How old a release may be that says something of what the registry tells now.
pub const LEFT_OUT_LATELY: TimeDelta = TimeDelta::days(365);
/// The least free space, in bytes: what the write-ahead log may grow to, twice.
pub const SPACE: u64 = 32 * 1024 * 1024;
/// Less free space than this is worth a word, in bytes.
pub const SPACE_LOW: u64 = 512 * 1024 * 1024;
/// For how long what is on disk may differ from what is in use before that is an alert: it may be being edited.
pub const EDITING: TimeDelta = TimeDelta::minutes(10);
/// From so many hosts on their median decides how wrong the clock is, and one that is wrong cannot mislead.
pub const CLOCK_HOSTS: usize = 3;
/// How far ahead of the clock a stored time may be: two machines never agree to the second.
pub const AHEAD: TimeDelta = TimeDelta::minutes(5);
