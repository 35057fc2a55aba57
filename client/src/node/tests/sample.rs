//! A valid encoding of any type of a runtime: options are filled, lists have one entry, the rest is zero.
use codec::Encode;
use scale_info::PortableRegistry;

/// See the module.
pub(super) fn sample(types: &PortableRegistry, type_id: u32) -> Vec<u8> {
	use scale_info::{TypeDef, TypeDefPrimitive};
	let ty = types.resolve(type_id).expect("metadata names all of its types");
	let all = |ids: &mut dyn Iterator<Item = u32>| ids.flat_map(|id| sample(types, id)).collect::<Vec<u8>>();
	match &ty.type_def {
		TypeDef::Composite(composite) => all(&mut composite.fields.iter().map(|field| field.ty.id)),
		TypeDef::Tuple(tuple) => all(&mut tuple.fields.iter().map(|field| field.id)),
		TypeDef::Variant(variant) => {
			// The last one: of an option it is the one with a value.
			let variant = variant.variants.last().expect("nobody returns a type without values");
			[vec![variant.index], all(&mut variant.fields.iter().map(|field| field.ty.id))].concat()
		},
		TypeDef::Sequence(sequence) => [vec![4], sample(types, sequence.type_param.id)].concat(),
		TypeDef::Array(array) => sample(types, array.type_param.id).repeat(array.len as usize),
		TypeDef::Compact(_) => vec![0],
		TypeDef::Primitive(primitive) => match primitive {
			TypeDefPrimitive::Str => String::new().encode(),
			TypeDefPrimitive::Bool | TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => vec![0],
			TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => vec![0; 2],
			TypeDefPrimitive::U32 | TypeDefPrimitive::I32 | TypeDefPrimitive::Char => vec![0; 4],
			TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => vec![0; 8],
			TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => vec![0; 16],
			TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => vec![0; 32],
		},
		TypeDef::BitSequence(_) => vec![0],
	}
}
