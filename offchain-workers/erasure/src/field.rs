//! Arithmetic and small matrices over GF(2^16), in the representation of `reed-solomon-novelpoly`.
use reed_solomon_novelpoly::f2e16::{Additive, Multiplier, ONEMASK};

/// A field element.
pub(crate) type Symbol = u16;

/// A matrix as its rows.
pub(crate) type Matrix = Vec<Vec<Symbol>>;

/// The product of two elements.
pub(crate) fn multiply(a: Symbol, b: Symbol) -> Symbol {
	// The crate multiplies by logarithms, and zero has none.
	if b == 0 {
		return 0;
	}
	Additive(a).mul(Additive(b).to_multiplier()).0
}

/// The inverse of an element; zero has none.
pub(crate) fn invert(a: Symbol) -> Option<Symbol> {
	(a != 0).then(|| Additive(1).mul(Multiplier(ONEMASK - Additive(a).to_multiplier().0)).0)
}

/// A row vector times a matrix.
pub(crate) fn row_times(row: &[Symbol], matrix: &Matrix) -> Vec<Symbol> {
	let mut product = vec![0; matrix.first().map_or(0, Vec::len)];
	for (factor, terms) in row.iter().zip(matrix) {
		add_multiple(&mut product, *factor, terms);
	}
	product
}

/// The inverse of a square matrix by Gauss-Jordan elimination; `None` if it is singular.
pub(crate) fn inverse(matrix: &[&[Symbol]]) -> Option<Matrix> {
	let size = matrix.len();
	// Each row followed by the row of the unit matrix that turns into the inverse's.
	let mut rows: Matrix = matrix
		.iter()
		.enumerate()
		.map(|(at, row)| row.iter().copied().chain((0..size).map(|column| Symbol::from(column == at))).collect())
		.collect();
	for column in 0..size {
		let pivot = (column..size).find(|row| entry(&rows, *row, column) != 0)?;
		rows.swap(column, pivot);
		let scale = invert(entry(&rows, column, column))?;
		let row = rows.get_mut(column)?;
		row.iter_mut().for_each(|value| *value = multiply(*value, scale));
		let row = row.clone();
		for (at, other) in rows.iter_mut().enumerate() {
			let factor = other.get(column).copied().unwrap_or(0);
			if at != column && factor != 0 {
				add_multiple(other, factor, &row);
			}
		}
	}
	Some(rows.into_iter().map(|mut row| row.split_off(size.min(row.len()))).collect())
}

fn entry(rows: &Matrix, row: usize, column: usize) -> Symbol {
	rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
}

fn add_multiple(sum: &mut [Symbol], factor: Symbol, terms: &[Symbol]) {
	for (value, term) in sum.iter_mut().zip(terms) {
		*value ^= multiply(*term, factor);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn the_field_has_inverses_and_distributes(a: u16, b: u16, c: u16) {
			prop_assert_eq!(multiply(a, b), multiply(b, a));
			prop_assert_eq!(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c));
			prop_assert_eq!(multiply(multiply(a, b), c), multiply(a, multiply(b, c)));
			prop_assert_eq!(multiply(a, 1), a);
			prop_assert_eq!(invert(a).map(|inverse| multiply(a, inverse)), (a != 0).then_some(1));
		}

		#[test]
		fn a_matrix_times_its_inverse_is_one(entries in proptest::collection::vec(any::<u16>(), 25)) {
			let rows: Vec<&[u16]> = entries.chunks(5).collect();
			if let Some(inverse) = inverse(&rows) {
				for (at, row) in rows.iter().enumerate() {
					let unit: Vec<u16> = (0..5).map(|column| u16::from(column == at)).collect();
					prop_assert_eq!(row_times(row, &inverse), unit);
				}
			}
		}
	}

	#[test]
	fn a_singular_matrix_has_no_inverse() {
		assert_eq!(inverse(&[&[1, 2], &[1, 2]]), None);
		assert_eq!(inverse(&[&[0]]), None);
	}
}
