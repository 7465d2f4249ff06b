use core::fmt;
use core::time::Duration;

use crate::scan::{number, trim};
use crate::{HeaderValue, SyntaxError};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const SECONDS_A_DAY: i64 = 86_400;

/// The Date header: a second in Greenwich (RFC 3261 20.17).
///
/// # Units and range
///
/// Years 1 to 9999; the sixtieth second of a leap second counts as the next minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// The first second that four digits of a year can name.
    const MIN: i64 = -62_135_596_800;
    /// The last second that four digits of a year can name.
    const MAX: i64 = 253_402_300_799;

    /// A time in seconds since 1970, or `None` beyond the years that can be printed.
    pub const fn from_unix(seconds: i64) -> Option<Self> {
        if seconds >= Self::MIN && seconds <= Self::MAX {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }
}

impl HeaderValue for Date {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        parse_date(trim(text)).ok_or(SyntaxError::Date)
    }
}

/// Reads `Sat, 13 Nov 2010 23:29:00 GMT`; the day of the week is not checked against the date.
fn parse_date(text: &str) -> Option<Date> {
    let (weekday, rest) = text.split_once(',')?;
    DAYS.iter()
        .find(|day| day.eq_ignore_ascii_case(trim(weekday)))?;
    let mut words = rest.split_ascii_whitespace();
    let mut word = || words.next();
    let (day, month, year, time, zone) = (word()?, word()?, word()?, word()?, word()?);
    // RFC 3261 25.1: the zone is always GMT.
    if !zone.eq_ignore_ascii_case("GMT") || words.next().is_some() || year.len() != 4 {
        return None;
    }
    let month = MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(month))?;
    let (year, day): (i64, i64) = (number(year)?, number(day)?);
    let mut clock = time.splitn(3, ':').map(number::<i64>);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let month = i64::try_from(month).ok()? + 1;
    if !(1..=days_in_month(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Date::from_unix(days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar, counted in years that start in March.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The reverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (
            self.0.div_euclid(SECONDS_A_DAY),
            self.0.rem_euclid(SECONDS_A_DAY),
        );
        let (year, month, day) = civil_from_days(days);
        let place = |index: i64| usize::try_from(index).unwrap_or_default();
        let weekday = DAYS[place(days.rem_euclid(7))];
        let month = MONTHS[place(month - 1)];
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

/// The Timestamp header: when the client sent the request, by its own clock (RFC 3261 20.38).
///
/// # Units and range
///
/// Nanoseconds; finer digits are cut. [`Message::text`](crate::Message::text) has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// The time of the client.
    pub time: Duration,
    /// How long the server held the request before it answered.
    pub delay: Option<Duration>,
}

impl HeaderValue for Timestamp {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let mut words = text.split_ascii_whitespace();
        let time = words.next().and_then(seconds).ok_or(SyntaxError::Number)?;
        let delay = match words.next() {
            None => None,
            Some(delay) => Some(seconds(delay).ok_or(SyntaxError::Number)?),
        };
        match words.next() {
            None => Ok(Self { time, delay }),
            Some(_) => Err(SyntaxError::Number),
        }
    }
}

/// Reads `12`, `12.` or `12.034`, and `.5` as RFC 3261 allows for the delay.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { number(whole)? };
    let padded = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanos = padded.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(Duration::new(whole, nanos))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_seconds(f, self.time)?;
        let Some(delay) = self.delay else {
            return Ok(());
        };
        f.write_str(" ")?;
        write_seconds(f, delay)
    }
}

fn write_seconds(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    write!(f, "{}", time.as_secs())?;
    match time.subsec_nanos() {
        0 => Ok(()),
        nanos => f.write_str(alloc::format!(".{nanos:09}").trim_end_matches('0')),
    }
}
