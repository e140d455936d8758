"""Complete downstream systems, small enough to read in one sitting and to begin one's own with."""
