#include "encoders/checkpoint.h"
