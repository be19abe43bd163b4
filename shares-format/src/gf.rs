//! Arithmetic in GF(2⁸) modulo x⁸+x⁴+x³+x²+1 (0x11d), the field of libgfshare and blahaj.
//!
//! No branch and no memory access depends on a share's bytes: no tables of logarithms, whose cache lines would tell of them.
//! The loops run over whole slices, so the compiler turns them into vector instructions; that is also what makes them fast.

use std::hint::black_box;

/// The low byte of the field's polynomial 0x11d.
const REDUCE: u8 = 0x1d;

/// `a` times x.
#[inline(always)]
const fn twice(a: u8) -> u8 {
    (a << 1) ^ (REDUCE & (a >> 7).wrapping_neg())
}

/// `a` times `b`, both of them public: seats and what follows from them.
#[inline(always)]
const fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut product, mut bit) = (a, 0, 0);
    while bit < 8 {
        product ^= a & ((b >> bit) & 1).wrapping_neg();
        a = twice(a);
        bit += 1;
    }
    product
}

/// Replaces each value by its inverse, 0 by 0: a²⁵⁴, since a²⁵⁵ = 1 for all a but 0.
fn invert(values: &mut [u8]) {
    for value in values {
        let a = *value;
        let mut power = a;
        // 254 is 0b1111_1110: six times square and multiply, and one last square.
        for _ in 0..6 {
            power = mul(mul(power, power), a);
        }
        *value = mul(power, power);
    }
}

/// Lagrange's weights: the factor of each point's y in the value at `at` of the one polynomial of degree below `points.len()` through the points.
///
/// The points must differ from each other and from `at`. They are seats, which are public.
pub(crate) fn weights(points: &[u8], at: u8) -> Vec<u8> {
    // weight_i = Π_{j≠i} (at−x_j)/(x_i−x_j) = P / ((at−x_i) · Π_{j≠i}(x_i−x_j)), with P the product of all (at−x_j).
    let mut weights = vec![1; points.len()];
    let mut all = 1;
    for (j, &x) in points.iter().enumerate() {
        all = mul(all, at ^ x);
        let (before, rest) = weights.split_at_mut(j);
        let (own, after) = rest.split_at_mut(1);
        multiply_by_distance(before, &points[..j], x);
        multiply_by_distance(after, &points[j + 1..], x);
        own[0] = mul(own[0], at ^ x);
    }
    invert(&mut weights);
    for weight in &mut weights {
        *weight = mul(*weight, all);
    }
    weights
}

/// `values[i] *= points[i] − x`.
fn multiply_by_distance(values: &mut [u8], points: &[u8], x: u8) {
    for (value, &point) in values.iter_mut().zip(points) {
        *value = mul(*value, point ^ x);
    }
}

/// `sum += weight · values`, byte by byte.
pub(crate) fn add_scaled(sum: &mut [u8], weight: u8, values: &[u8]) {
    // A mask for each bit of the weight. Were it known to be all zeros or all ones, the compiler would make branches of it.
    let masks: [u8; 8] = black_box(std::array::from_fn(|bit| {
        ((weight >> bit) & 1).wrapping_neg()
    }));
    for (sum, &value) in sum.iter_mut().zip(values) {
        let mut power = value;
        for mask in masks {
            *sum ^= power & mask;
            power = twice(power);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplication as a schoolbook has it.
    fn slow_mul(a: u8, b: u8) -> u8 {
        let mut product: u16 = 0;
        for bit in 0..8 {
            if b >> bit & 1 == 1 {
                product ^= u16::from(a) << bit;
            }
        }
        for bit in (8..16).rev() {
            if product >> bit & 1 == 1 {
                product ^= 0x11d << (bit - 8);
            }
        }
        product as u8
    }

    #[test]
    fn every_product_is_that_of_the_schoolbook() {
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(mul(a, b), slow_mul(a, b), "{a} {b}");
            }
        }
    }

    #[test]
    fn every_value_times_its_inverse_is_one() {
        let mut inverses: Vec<u8> = (0..=255).collect();
        invert(&mut inverses);
        assert_eq!(inverses[0], 0);
        for a in 1..=255u8 {
            assert_eq!(mul(a, inverses[usize::from(a)]), 1, "{a}");
        }
    }

    #[test]
    fn weights_carry_a_polynomial_from_its_points_to_any_other() {
        // p(x) = 7x² + 0x90x + 0xfe
        let p = |x: u8| mul(7, mul(x, x)) ^ mul(0x90, x) ^ 0xfe;
        let points = [3, 200, 17];
        for at in (0..=255).filter(|at| !points.contains(at)) {
            let mut sum = [0];
            for (weight, x) in weights(&points, at).into_iter().zip(points) {
                add_scaled(&mut sum, weight, &[p(x)]);
            }
            assert_eq!(sum[0], p(at), "{at}");
        }
    }
}
