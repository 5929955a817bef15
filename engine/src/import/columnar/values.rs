//! A column of a batch, and its values as the cells of a CSV.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow_schema::{DataType, TimeUnit};
use time::Date;

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;
/// The longest text of a cell that is kept whole, in bytes; no value is nearly as long.
const LONGEST_TEXT: usize = 1 << 16;

/// The values of a column.
pub(super) enum Values {
    Whole(Vec<Option<i64>>),
    Unsigned(Vec<Option<u64>>),
    Single(PrimitiveArray<Float32Type>),
    Double(PrimitiveArray<Float64Type>),
    Truth(BooleanArray),
    /// Days since 1970-01-01.
    Day(Vec<Option<i64>>),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    /// Each row's position in a list of values.
    Listed(Vec<Option<usize>>, Box<Values>),
    Missing,
}

impl Values {
    /// The values of an array; `None` where no cell could hold them.
    pub(super) fn of(array: &ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Int8 => whole::<Int8Type>(array),
            DataType::Int16 => whole::<Int16Type>(array),
            DataType::Int32 => whole::<Int32Type>(array),
            DataType::Int64 => whole::<Int64Type>(array),
            DataType::UInt8 => whole::<UInt8Type>(array),
            DataType::UInt16 => whole::<UInt16Type>(array),
            DataType::UInt32 => whole::<UInt32Type>(array),
            DataType::UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>().iter().collect()),
            DataType::Float32 => Self::Single(array.as_primitive().clone()),
            DataType::Float64 => Self::Double(array.as_primitive().clone()),
            DataType::Boolean => Self::Truth(array.as_boolean().clone()),
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string().clone()),
            DataType::Utf8View => Self::TextView(array.as_string_view().clone()),
            DataType::Date32 => days::<Date32Type>(array, 1),
            DataType::Date64 => days::<Date64Type>(array, SECONDS_OF_A_DAY * 1_000),
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => days::<TimestampSecondType>(array, SECONDS_OF_A_DAY),
                TimeUnit::Millisecond => days::<TimestampMillisecondType>(array, SECONDS_OF_A_DAY * 1_000),
                TimeUnit::Microsecond => {
                    days::<TimestampMicrosecondType>(array, SECONDS_OF_A_DAY * 1_000_000)
                }
                TimeUnit::Nanosecond => {
                    days::<TimestampNanosecondType>(array, SECONDS_OF_A_DAY * 1_000_000_000)
                }
            },
            DataType::Dictionary(..) => {
                let listed = array.as_any_dictionary_opt()?;
                let keys = listed.normalized_keys();
                let position = |(row, key): (usize, usize)| listed.keys().is_valid(row).then_some(key);
                let positions = keys.into_iter().enumerate().map(position).collect();
                Self::Listed(positions, Box::new(Self::of(listed.values())?))
            }
            DataType::Null => Self::Missing,
            _ => return None,
        })
    }

    /// Writes the cell of a row; a missing value is an empty one.
    pub(super) fn write(&self, row: usize, cell: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Whole(values) => values.get(row).copied().flatten().map(|value| write!(cell, "{value}")),
            Self::Unsigned(values) => values.get(row).copied().flatten().map(|value| write!(cell, "{value}")),
            Self::Single(values) => present(values, row).map(|row| write!(cell, "{}", values.value(row))),
            Self::Double(values) => present(values, row).map(|row| write!(cell, "{}", values.value(row))),
            Self::Truth(values) => {
                present(values, row).map(|row| write!(cell, "{}", u8::from(values.value(row))))
            }
            Self::Day(values) => values.get(row).copied().flatten().map(|day| write_day(day, cell)),
            Self::Text(values) => present(values, row).map(|row| write_text(values.value(row), cell)),
            Self::LargeText(values) => present(values, row).map(|row| write_text(values.value(row), cell)),
            Self::TextView(values) => present(values, row).map(|row| write_text(values.value(row), cell)),
            Self::Listed(positions, values) => {
                if let Some(position) = positions.get(row).copied().flatten() {
                    values.write(position, cell);
                }
                None
            }
            Self::Missing => None,
        };
    }
}

fn whole<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef) -> Values {
    Values::Whole(array.as_primitive::<T>().iter().map(|value| value.map(Into::into)).collect())
}

/// The days of a column that counts `unit` to the day; a time of day is dropped.
fn days<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef, unit: i64) -> Values {
    let day = |value: T::Native| value.into().div_euclid(unit);
    Values::Day(array.as_primitive::<T>().iter().map(|value| value.map(day)).collect())
}

/// The row, where it has a value.
fn present(array: &dyn Array, row: usize) -> Option<usize> {
    (row < array.len() && array.is_valid(row)).then_some(row)
}

fn write_text(text: &str, cell: &mut String) -> std::fmt::Result {
    cell.push_str(text.get(..LONGEST_TEXT).unwrap_or(text));
    Ok(())
}

/// A day as CSV writes it; one that no calendar has stays a number.
fn write_day(day: i64, cell: &mut String) -> std::fmt::Result {
    let epoch = Date::from_ordinal_date(1970, 1).map(Date::to_julian_day).unwrap_or_default();
    let date = i32::try_from(day).ok().and_then(|day| Date::from_julian_day(day.checked_add(epoch)?).ok());
    match date.filter(|date| (0..=9999).contains(&date.year())) {
        Some(date) => {
            let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
            write!(cell, "{year:04}-{month:02}-{day:02}")
        }
        None => write!(cell, "{day} days since 1970"),
    }
}
