#include "encoders/image_encoder.h"
