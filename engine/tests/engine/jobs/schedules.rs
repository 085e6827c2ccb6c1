//! What happens again and again happens once in the fleet.
