//! The time limits of the health check. The health check has no others.

use chrono::TimeDelta;

/// How long a source or a log may be silent.
pub const SOURCE: TimeDelta = TimeDelta::minutes(30);
/// How much time a daemon that was just started has to read its sources.
pub const START: TimeDelta = TimeDelta::minutes(1);
/// How much time the queue of such a daemon has to make progress: longer than any turn of a package.
pub const START_OF_WORK: TimeDelta = TimeDelta::minutes(3);
/// How long the trust root may be without a refresh: TUF is queried once a day. Where it is queried less often, twice
/// that interval.
pub const TRUST: TimeDelta = TimeDelta::days(3);
/// How long a daemon may give no heartbeat. It gives one every half minute.
pub const HEARTBEAT: TimeDelta = TimeDelta::minutes(3);
/// The shortest limit for the time between two passes of `run --once`.
pub const PASS: TimeDelta = TimeDelta::hours(1);
/// The longest limit: a pass once a day, and a little longer.
pub const LONGEST_PASS: TimeDelta = TimeDelta::hours(26);
/// How long a package that a feed announced may wait.
pub const ANNOUNCED: TimeDelta = TimeDelta::minutes(5);
/// After this time that is an alert.
pub const ANNOUNCED_ALERT: TimeDelta = TimeDelta::minutes(10);
/// How long due packages may be without progress.
pub const STANDSTILL: TimeDelta = TimeDelta::minutes(10);
/// How long packages may fail.
pub const FAILING: TimeDelta = TimeDelta::hours(1);
/// How long a few packages may fail before their number is an alert. Each has one of its own long before that.
pub const FAILING_ALERT: TimeDelta = TimeDelta::hours(24);
/// This many failing packages are an outage, which is one alert and not one for each package.
pub const MANY: u64 = 10;
/// How long a release may stay unchecked.
pub const UNCHECKED: TimeDelta = TimeDelta::minutes(30);
/// How long a release that stays unchecked is reported.
pub const UNCHECKED_REMEMBERED: TimeDelta = TimeDelta::days(7);
/// How long a forge may give no usable answer.
pub const FORGE: TimeDelta = TimeDelta::hours(1);
/// How long an alert may wait for its receiver.
pub const DELIVERY: TimeDelta = TimeDelta::minutes(10);
/// After this time that is an alert.
pub const DELIVERY_ALERT: TimeDelta = TimeDelta::hours(1);
/// How long an alert that was given up is reported, if others were delivered since.
pub const LOST_REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// How long a recipient is reported whom the mail server refused, if no mail was sent to it since.
pub const REFUSED_REMEMBERED: TimeDelta = TimeDelta::days(30);
/// How long after a failed write the database counts as not writable.
pub const WRITE: TimeDelta = TimeDelta::minutes(10);
/// How long a damaged row is reported: its cause may damage more.
pub const DAMAGE_REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// If the releases of this many packages lack a field, the registry is the cause.
pub const LEFT_OUT_BY_SEVERAL: u64 = 2;
/// The greatest age of a release that shows which fields the registry gives now.
pub const LEFT_OUT_LATELY: TimeDelta = TimeDelta::days(365);
/// The least free space, in bytes: twice the size that the write-ahead log may grow to.
pub const SPACE: u64 = 32 * 1024 * 1024;
/// Less free space than this is reported, in bytes.
pub const SPACE_LOW: u64 = 512 * 1024 * 1024;
/// How long a file on disk may differ from the one in use before that is an alert: an editor may be writing it.
pub const EDITING: TimeDelta = TimeDelta::minutes(10);
/// From this many hosts on their median decides how wrong the clock is, and a single wrong host cannot mislead.
pub const CLOCK_HOSTS: usize = 3;
/// How far ahead of the clock a stored time may be: two machines never agree to the second.
pub const AHEAD: TimeDelta = TimeDelta::minutes(5);
