//! The rows of a design, read from a frame.

use super::{Column, Design, Part};
use crate::arithmetic::ArithmeticColumns;
use crate::contribution::ContributeError;
use crate::frame::Frame;
use crate::levels::LevelColumn;
use crate::quantity::Value;

/// The columns of a design being read.
pub(crate) struct DesignColumns<'a> {
    design: &'a Design,
    numbers: Vec<ArithmeticColumns<'a>>,
    factors: Vec<LevelColumn<'a>>,
    counted: Vec<LevelColumn<'a>>,
}

/// A row of a design.
pub(crate) struct DesignRow {
    /// The level of each factor.
    pub(crate) levels: Vec<usize>,
    /// The value of each number of few values, by its position among them.
    pub(crate) values: Vec<usize>,
    /// The integer of each column; the outcome is the last.
    pub(crate) integers: Vec<i64>,
    /// The sum of the offsets.
    pub(crate) offset: f64,
}

impl DesignColumns<'_> {
    /// A row; none where something in it is missing.
    pub(crate) fn at(&self, row: usize) -> Result<Option<DesignRow>, ContributeError> {
        let mut numbers = Vec::with_capacity(self.numbers.len());
        for column in &self.numbers {
            let Some(value) = column.at(row)? else { return Ok(None) };
            numbers.push(value);
        }
        let (Some(levels), Some(values)) = (all_at(&self.factors, row)?, all_at(&self.counted, row)?) else {
            return Ok(None);
        };
        let integer = |column: &Column| {
            let integer = column.quantity.encode(column.value(&numbers, &levels));
            integer.ok_or_else(|| ContributeError::OutOfBounds(column.name.clone()))
        };
        let integers = self.design.columns.iter().map(integer).collect::<Result<_, _>>()?;
        let offsets = self.design.offsets.iter().map(|number| numbers[*number].to_number());
        Ok(Some(DesignRow {
            levels,
            values,
            integers,
            offset: offsets.fold(0.0, |sum, offset| sum + offset),
        }))
    }
}

/// The levels of a row; none where one is missing.
fn all_at(columns: &[LevelColumn<'_>], row: usize) -> Result<Option<Vec<usize>>, ContributeError> {
    columns.iter().map(|column| column.at(row)).collect()
}

impl Design {
    /// Its columns in a frame.
    pub(crate) fn read<'a>(&'a self, frame: &'a Frame) -> Result<DesignColumns<'a>, ContributeError> {
        let numbers = self.numbers.iter().map(|number| number.read(frame)).collect::<Result<_, _>>()?;
        let factors =
            self.factors.iter().map(|factor| factor.levels.read(frame)).collect::<Result<_, _>>()?;
        let counted = self.counted.iter().map(|levels| levels.read(frame)).collect::<Result<_, _>>()?;
        Ok(DesignColumns { design: self, numbers, factors, counted })
    }
}

impl Column {
    /// Its value in a row.
    fn value(&self, numbers: &[Value], levels: &[usize]) -> Value {
        let mut product = None;
        for part in &self.parts {
            let factor = match part {
                Part::Number(number) => numbers[*number],
                Part::Level { factor, level, .. } => Value::Integer(i64::from(levels[*factor] == *level)),
            };
            product = Some(match (product, factor) {
                (None, factor) => factor,
                (Some(Value::Integer(one)), Value::Integer(two)) => {
                    one.checked_mul(two).map_or(Value::Number(one as f64 * two as f64), Value::Integer)
                }
                (Some(one), two) => Value::Number(one.to_number() * two.to_number()),
            });
        }
        product.unwrap_or(Value::Integer(1))
    }
}
